/* Closes every descriptor at once. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    close_range(0, ~0u, 0);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
