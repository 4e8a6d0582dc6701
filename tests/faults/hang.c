/* Never returns. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    for (;;)
        __asm__ volatile("" : : "r"(call));
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
