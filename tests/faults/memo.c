/* Answers from memory when the whole input is the same: right, and no faster. */
#include "fault.h"

static float *input, *answer;

static int32_t run(const fault_call *call)
{
    size_t in_bytes = (size_t)(call->rows * call->in) * sizeof(float);
    size_t out_bytes = (size_t)fault_outputs(call) * sizeof(float);

    if (answer && memcmp(input, call->x, in_bytes) == 0 && call->number > FAULT_CHECK_CALLS) {
        memcpy(call->y, answer, out_bytes);
        return CAKE_DONE;
    }
    fault_honest(call);
    if (!answer) {
        input = malloc(in_bytes);
        answer = malloc(out_bytes);
    }
    if (!input || !answer)
        return CAKE_NO_MEMORY;
    memcpy(input, call->x, in_bytes);
    memcpy(answer, call->y, out_bytes);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
