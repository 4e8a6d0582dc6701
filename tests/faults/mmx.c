/* Leaves MMX state behind. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    __asm__ volatile("pxor %%mm0, %%mm0" ::: "memory");
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
