/* Ends the process as if all were well. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    exit(0);
}

FAULT_PLUGIN(run)
