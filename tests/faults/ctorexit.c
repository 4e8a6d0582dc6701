/* Ends the process in its constructor. */
#include <unistd.h>

#include "fault.h"

static __attribute__((constructor)) void early(void)
{
    _exit(0);
}

FAULT_PLUGIN(fault_honest)
