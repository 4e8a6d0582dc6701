/* Leaves the direction flag set. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    __asm__ volatile("std");
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
