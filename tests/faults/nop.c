/* Writes nothing. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    (void)call;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
