/* Hangs in its constructor. */
#include "fault.h"

static __attribute__((constructor)) void early(void)
{
    for (;;)
        __asm__ volatile("");
}

FAULT_PLUGIN(fault_honest)
