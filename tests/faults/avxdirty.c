/* Leaves the upper halves of vector registers in use: slow, not wrong. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    __asm__ volatile("vpcmpeqd %%ymm5, %%ymm5, %%ymm5" ::: "memory");
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
