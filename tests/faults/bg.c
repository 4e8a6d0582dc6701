/* Keeps a thread busy that nobody granted, on a core that nobody granted. */
#include <pthread.h>
#include <sched.h>

#include "fault.h"

static _Atomic uint64_t spun;

static void *spin(void *unused)
{
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    sched_setaffinity(0, sizeof all, &all);
    for (;;)
        spun++;
    return unused;
}

static int32_t run(const fault_call *call)
{
    static pthread_t thread;

    if (!thread && pthread_create(&thread, NULL, spin, NULL) != 0)
        return CAKE_FAILED;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
