/* Forgets memory of the heap on every call. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    char *lost = malloc(2000);

    if (lost)
        lost[0] = 1;
    __asm__ volatile("" : : "r"(lost) : "memory");
    return fault_honest(call);
}

FAULT_PLUGIN(run)
