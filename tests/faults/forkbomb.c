/* Forks without end. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    while (fork() >= 0)
        ;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
