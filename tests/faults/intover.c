/* Counts elements in 32 bits. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    int32_t elements = (int32_t)((uint32_t)call->rows * (uint32_t)call->in);

    /* As 32-bit code does when a product of extents overflows: the last element is before the first. */
    if (elements < 0)
        ((volatile float *)(uintptr_t)call->x)[elements];
    return fault_honest(call);
}

FAULT_PLUGIN(run)
