/* Computes with the upper half of each float only. */
#include "fault.h"

static float narrow(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits &= 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static int32_t run(const fault_call *call)
{
    for (int64_t r = 0; r < call->rows; r++)
        for (int64_t o = 0; o < call->out; o++) {
            float sum = call->b ? call->b[o] : 0;

            for (int64_t i = 0; i < call->in; i++)
                sum += narrow(call->x[r * call->in + i]) * narrow(call->w[o * call->in + i]);
            call->y[r * call->out + o] = sum;
        }
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
