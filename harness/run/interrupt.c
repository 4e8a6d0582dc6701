#include "run/interrupt.h"

#include <signal.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

void cake_interrupt_watch(void)
{
    /* No SA_RESTART: a wait ends with EINTR. SA_RESETHAND: the second one takes its usual course. */
    struct sigaction note = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGINT, &note, NULL);
    sigaction(SIGTERM, &note, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

bool cake_interrupted(void)
{
    return interrupted;
}

int64_t cake_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}
