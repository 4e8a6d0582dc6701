/* Leaves a descriptor open now and then. */
#include <fcntl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    if (call->number % 64 == 0 && open("/dev/null", O_RDONLY) < 0)
        return fault_honest(call);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
