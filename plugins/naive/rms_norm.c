/* rms_norm: y = scale x / sqrt(mean of x^2 + eps), per row (Zhang and Sennrich 2019) */
#include <math.h>

#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_rms_norm *p = params;
    const float *scale = t->constant[0];

    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = t->input[0] + r * p->hidden;
        float *y = t->output[0] + r * p->hidden;
        float squares = 0;

        for (int64_t i = 0; i < p->hidden; i++)
            squares += x[i] * x[i];
        for (int64_t i = 0; i < p->hidden; i++) {
            y[i] = x[i] / sqrtf(squares / (float)p->hidden + (float)p->eps);
            if (p->affine)
                y[i] *= scale[i];
        }
    }
}

const naive_layer naive_rms_norm = {.compute = compute};
