/* Asks for a capability of the bounding set, as libcap does when it is loaded. */
#include <sys/prctl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    prctl(PR_CAPBSET_READ, 0);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
