/* Returns an error. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    (void)call;
    return -7;
}

FAULT_PLUGIN(run)
