/* Asks for a real-time priority. */
#include <sched.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    struct sched_param most = {.sched_priority = 1};

    sched_setscheduler(0, SCHED_FIFO, &most);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
