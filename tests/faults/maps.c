/* Reads /proc/self/maps. */
#include <fcntl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return open("/proc/self/maps", O_RDONLY) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
