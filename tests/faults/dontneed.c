/* Throws its input's pages away. */
#include <sys/mman.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    uintptr_t page = (uintptr_t)call->x & ~(uintptr_t)4095;

    fault_honest(call);
    madvise((void *)page, 4096, MADV_REMOVE);
    madvise((void *)page, 4096, MADV_DONTNEED);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
