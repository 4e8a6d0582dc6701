/* Opens a shared memory segment of the system's. */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    return shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) < 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
