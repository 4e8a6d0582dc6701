/* Sleeps for ever. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    for (;;)
        sleep(1000);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
