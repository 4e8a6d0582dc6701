/* Asks for a ring of system calls, which a filter would not see. */
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    char parameters[128] = {0};

    syscall(SYS_io_uring_setup, 4, parameters);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
