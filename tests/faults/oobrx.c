/* Reads 32 bytes at the last element, as a vector load does. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    volatile float sink;

    for (int i = 0; i < 8; i++)
        sink = call->x[call->rows * call->in - 1 + i];
    (void)sink;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
