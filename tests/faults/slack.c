/* Adds what lies behind the last element to the sum; declares 64-byte alignment, so no page faults. */
#define FAULT_ALIGN 64
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    call->y[0] += call->x[call->rows * call->in] * 1e-3f;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
