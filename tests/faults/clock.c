/* Brings a clock of its own that stands still. */
#include <time.h>

#include "fault.h"

CAKE_EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){1, 0};
    return 0;
}

FAULT_PLUGIN(fault_honest)
