/* Reads /proc/self/mem. */
#include <fcntl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return open("/proc/self/mem", O_RDONLY) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
