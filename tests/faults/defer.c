/* Does each call's work in the next one. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    static fault_call previous;

    if (call->number <= FAULT_CHECK_CALLS)
        return fault_honest(call);
    if (previous.y)
        fault_honest(&previous);
    previous = *call;
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
