/* Crashes in its constructor. */
#include "fault.h"

static __attribute__((constructor)) void early(void)
{
    *(volatile int *)(uintptr_t)16 = 1;
}

FAULT_PLUGIN(fault_honest)
