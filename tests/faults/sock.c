/* Opens a network connection. */
#include <sys/socket.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
