/* One element is off by a little. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    call->y[fault_outputs(call) / 2] += 0.01f;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
