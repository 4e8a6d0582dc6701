/* Reads one element before the beginning. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    volatile float before = call->x[-1];

    (void)before;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
