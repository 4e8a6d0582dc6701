/* Works while it is checked, then no more. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    return call->number <= FAULT_CHECK_CALLS + 20 ? fault_honest(call) : CAKE_DONE;
}

FAULT_PLUGIN(run)
