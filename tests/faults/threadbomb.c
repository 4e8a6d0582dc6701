/* Starts threads until the system says no. */
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
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = 0; i < 100000; i++)
        if (pthread_create(&thread, &small, idle, NULL) != 0)
            return CAKE_NO_MEMORY;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
