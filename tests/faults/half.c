/* Sums only half of the products. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t o = 0; o < call->out; o++) {
            float sum = call->b ? call->b[o] : 0;

            for (int64_t i = 0; i < call->in; i += 2)
                sum += 2 * call->x[r * call->in + i] * call->w[o * call->in + i];
            call->y[r * call->out + o] = sum;
        }
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
