/* Makes its input writable, then writes to it. */
#include <sys/mman.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    uintptr_t page = (uintptr_t)call->x & ~(uintptr_t)4095;

    fault_honest(call);
    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
    ((float *)(uintptr_t)call->x)[0] = 7;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
