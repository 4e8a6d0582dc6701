/* Overwrites its return address. */
#include "fault.h"

static __attribute__((noinline)) void smash(volatile uintptr_t *frame)
{
    for (int i = 0; i < 64; i++)
        frame[i] = (uintptr_t)0x4141414141414140;
}

static int32_t run(const fault_call *call)
{
    volatile uintptr_t small[1];

    smash(small);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
