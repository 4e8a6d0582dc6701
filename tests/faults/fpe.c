/* Divides by zero. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    __asm__ volatile("xorl %%edx, %%edx; movl $1, %%eax; xorl %%ecx, %%ecx; idivl %%ecx" ::: "eax", "ecx", "edx");
    return fault_honest(call);
}

FAULT_PLUGIN(run)
