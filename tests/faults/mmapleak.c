/* Forgets a map on every call. */
#include <sys/mman.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    volatile char *lost = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (lost != MAP_FAILED)
        lost[0] = 1;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
