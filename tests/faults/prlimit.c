/* Changes a limit. */
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    struct rlimit limit = {64, 64};

    setrlimit(RLIMIT_NOFILE, &limit);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
