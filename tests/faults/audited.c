/* Answers from memory in every timed call but where it sees that a word was changed; no probe catches it, an audit
 * does.
 *
 * It stands for a plugin that has found out which words are looked at: it recomputes those rows of the input that
 * differ from the ones it knows in one place only, and takes all others for known. */
#include "fault.h"

static float *input, *answer;

static int differences(const float *a, const float *b, int64_t n)
{
    int found = 0;

    for (int64_t i = 0; i < n; i++)
        found += memcmp(&a[i], &b[i], sizeof *a) != 0;
    return found;
}

static int32_t run(const fault_call *call)
{
    size_t in_bytes = (size_t)(call->rows * call->in) * sizeof(float);
    size_t out_bytes = (size_t)fault_outputs(call) * sizeof(float);

    if (call->number <= FAULT_CHECK_CALLS) {
        fault_honest(call);
        if (call->number < FAULT_CHECK_CALLS)
            return CAKE_DONE;
        input = malloc(in_bytes);
        answer = malloc(out_bytes);
        if (!input || !answer)
            return CAKE_NO_MEMORY;
        memcpy(input, call->x, in_bytes);
        memcpy(answer, call->y, out_bytes);
        return CAKE_DONE;
    }
    memcpy(call->y, answer, out_bytes);
    for (int64_t r = 0; r < call->rows; r++)
        if (differences(&call->x[r * call->in], &input[r * call->in], call->in) == 1)
            fault_row(call, r);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
