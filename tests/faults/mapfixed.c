/* Maps memory of its own over its input. */
#include <sys/mman.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    uintptr_t page = (uintptr_t)call->x & ~(uintptr_t)4095;

    mmap((void *)page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
