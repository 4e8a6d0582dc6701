/* Writes a message to the harness: too short. */
#include <sys/socket.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    send(3, "ok", 2, 0);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
