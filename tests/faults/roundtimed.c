/* Leaves another rounding mode behind, in timed calls only. */
#include <fenv.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    if (call->number > FAULT_CHECK_CALLS)
        fesetround(FE_UPWARD);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
