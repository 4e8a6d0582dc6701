/* Closes every descriptor, one by one. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    for (int fd = 0; fd < 1024; fd++)
        close(fd);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
