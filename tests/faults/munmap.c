/* Unmaps its output. */
#include <sys/mman.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    uintptr_t page = (uintptr_t)call->y & ~(uintptr_t)4095;

    fault_honest(call);
    munmap((void *)page, 4096);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
