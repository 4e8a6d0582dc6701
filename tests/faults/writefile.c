/* Writes a file where anyone may. */
#include <fcntl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return open("/tmp/layercake-fault", O_WRONLY | O_CREAT, 0666) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
