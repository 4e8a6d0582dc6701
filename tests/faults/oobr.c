/* Reads one element past the end. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    volatile float beyond = call->x[call->rows * call->in];

    (void)beyond;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
