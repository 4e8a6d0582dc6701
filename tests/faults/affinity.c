/* Moves its thread to all cores. */
#include <sched.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
