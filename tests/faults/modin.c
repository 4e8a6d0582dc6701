/* Writes to its input. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    ((float *)(uintptr_t)call->x)[0] = 7;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
