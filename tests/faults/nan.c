/* One element is not a number. */
#include <math.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    call->y[1] = NAN;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
