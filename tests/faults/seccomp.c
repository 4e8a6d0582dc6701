/* Installs a filter of its own. */
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    syscall(SYS_seccomp, 1, 0, NULL);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
