/* Makes reading the cycle counter fault. */
#include <sys/prctl.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
