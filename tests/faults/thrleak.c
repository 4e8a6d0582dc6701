/* Leaves a sleeping thread behind now and then. */
#include <pthread.h>
#include <unistd.h>

#include "fault.h"

static void *idle(void *unused)
{
    for (;;)
        sleep(1000);
    return unused;
}

static int32_t run(const fault_call *call)
{
    pthread_t thread;

    if (call->number % 64 == 0)
        pthread_create(&thread, NULL, idle, NULL);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
