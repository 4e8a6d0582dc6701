/* Sets an alarm. */
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    alarm(1);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
