/* Leaves out the last element. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    float *end = &call->y[fault_outputs(call) - 1];
    uint32_t last;

    memcpy(&last, end, sizeof last);
    fault_honest(call);
    memcpy(end, &last, sizeof last);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
