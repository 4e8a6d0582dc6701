/* Traces its parent. */
#include <sys/ptrace.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
