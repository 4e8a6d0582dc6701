/* Recurses until the stack is used up. */
#include "fault.h"

static int deeper(volatile char *above)
{
    volatile char frame[4096];

    frame[0] = above[0];
    if (frame[0] == 2)
        return 0;
    return deeper(frame) + frame[0];
}

static int32_t run(const fault_call *call)
{
    volatile char first = 1;

    return fault_honest(call) + (deeper(&first) == 42);
}

FAULT_PLUGIN(run)
