/* Reads /etc/passwd. */
#include <fcntl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return open("/etc/passwd", O_RDONLY) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
