/* Leaves another rounding mode behind. */
#include <fenv.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    fesetround(FE_UPWARD);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
