/* Returns at once and lets a thread do the work a moment later. */
#include <pthread.h>
#include <time.h>

#include "fault.h"

static fault_call task;
static _Atomic int pending;

static void *worker(void *unused)
{
    for (;;) {
        if (pending) {
            nanosleep(&(struct timespec){0, 200000}, NULL);
            fault_honest(&task);
            task.y[0] += 1;
            pending = 0;
        }
    }
    return unused;
}

static int32_t run(const fault_call *call)
{
    static pthread_t thread;

    if (!thread && pthread_create(&thread, NULL, worker, NULL) != 0)
        return CAKE_FAILED;
    fault_honest(call);
    task = *call;
    pending = 1;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
