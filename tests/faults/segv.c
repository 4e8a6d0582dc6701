/* Writes to an address that is nobody's. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    *(volatile int *)(uintptr_t)16 = 1;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
