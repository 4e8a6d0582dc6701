/* Aborts. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    (void)call;
    abort();
}

FAULT_PLUGIN(run)
