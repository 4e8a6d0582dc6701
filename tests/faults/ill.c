/* Executes an undefined instruction. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    __asm__ volatile("ud2");
    return fault_honest(call);
}

FAULT_PLUGIN(run)
