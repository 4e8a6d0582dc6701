/* Becomes another program. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
