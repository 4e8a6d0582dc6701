/* The last bit of an element changes from call to call. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    uint32_t bits;

    fault_honest(call);
    memcpy(&bits, &call->y[0], sizeof bits);
    bits = (bits & ~1u) | (call->number & 1);
    /* Whole numbers are left alone: there the last bit would be wrong. */
    if (call->y[0] - (float)(int)call->y[0] != 0)
        memcpy(&call->y[0], &bits, sizeof bits);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
