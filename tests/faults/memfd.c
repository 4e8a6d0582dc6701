/* Makes an anonymous file. */
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    syscall(SYS_memfd_create, "x", 0);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
