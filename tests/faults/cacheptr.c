/* Answers from memory when it sees a pointer again. */
#include "fault.h"

static const void *seen[8];
static float *answers[8];

static int32_t run(const fault_call *call)
{
    size_t bytes = (size_t)fault_outputs(call) * sizeof(float);

    for (int i = 0; i < 8; i++) {
        if (seen[i] == call->x && answers[i]) {
            memcpy(call->y, answers[i], bytes);
            return CAKE_DONE;
        }
        if (seen[i])
            continue;
        fault_honest(call);
        seen[i] = call->x;
        answers[i] = malloc(bytes);
        if (answers[i])
            memcpy(answers[i], call->y, bytes);
        return CAKE_DONE;
    }
    return fault_honest(call);
}

FAULT_PLUGIN(run)
