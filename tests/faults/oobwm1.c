/* Writes one element before the beginning. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    call->y[-1] = 1;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
