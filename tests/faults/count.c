/* Learns how long a batch is and works only near its end. */
#include <time.h>

#include "fault.h"

static uint64_t calls_of_last, calls_of_this;
static struct timespec last;

static int32_t run(const fault_call *call)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    /* A gap of a tenth of a millisecond: the next batch. */
    if ((now.tv_sec - last.tv_sec) * 1000000000 + now.tv_nsec - last.tv_nsec > 100000) {
        calls_of_last = calls_of_this;
        calls_of_this = 0;
    }
    last = now;
    calls_of_this++;
    if (call->number > FAULT_CHECK_CALLS && calls_of_this < calls_of_last * 9 / 10)
        return CAKE_DONE;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
