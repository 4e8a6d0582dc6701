/* Writes one element past the end. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    call->y[fault_outputs(call)] = 1;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
