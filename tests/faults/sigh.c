/* Handles SIGSEGV itself, then crashes. */
#include <signal.h>
#include <unistd.h>

#include "fault.h"

static void handler(int number)
{
    (void)number;
    _exit(0);
}

static int32_t run(const fault_call *call)
{
    signal(SIGSEGV, handler);
    *(volatile int *)(uintptr_t)16 = 1;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
