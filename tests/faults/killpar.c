/* Kills its parent. */
#include <signal.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    kill(getppid(), SIGKILL);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
