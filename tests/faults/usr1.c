/* Sends itself a signal. */
#include <signal.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    raise(SIGUSR1);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
