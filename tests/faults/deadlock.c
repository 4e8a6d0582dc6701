/* Takes the same lock twice. */
#include <pthread.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock);
    pthread_mutex_lock(&lock);
    return fault_honest(call);
}

FAULT_PLUGIN(run)
