/* Blocks all signals, then hangs. */
#include <signal.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    for (;;)
        __asm__ volatile("" : : "r"(call));
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
