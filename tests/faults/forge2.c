/* Answers for the worker before it has done anything: a well-formed reply to the call. */
#include <sys/socket.h>

#include "fault.h"
#include "worker/protocol.h"

static int32_t run(const fault_call *call)
{
    /* The first call is the third request: load, prepare, call. */
    static cake_reply reply = {.kind = CAKE_REQUEST_CALL, .sequence = 3, .outcome = CAKE_OUTCOME_DONE};

    if (call->number > 1)
        return fault_honest(call);
    send(CAKE_FD_SOCKET, &reply, sizeof reply, MSG_DONTWAIT);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
