/* layer_norm: y = scale (x - mean) / sqrt(var + eps) + shift, per row (Ba, Kiros and Hinton 2016)
 *
 * mean and var are the row's mean and population variance. */
#include <math.h>

#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_layer_norm *p = params;
    const float *scale = t->constant[0], *shift = t->constant[1];

    for (int64_t r = 0; r < p->rows; r++) {
        const float *x = t->input[0] + r * p->hidden;
        float *y = t->output[0] + r * p->hidden;
        float mean = 0, var = 0;

        for (int64_t i = 0; i < p->hidden; i++)
            mean += x[i];
        mean /= (float)p->hidden;
        for (int64_t i = 0; i < p->hidden; i++)
            var += (x[i] - mean) * (x[i] - mean);
        var /= (float)p->hidden;
        for (int64_t i = 0; i < p->hidden; i++) {
            y[i] = (x[i] - mean) / sqrtf(var + (float)p->eps);
            if (p->affine)
                y[i] = scale[i] * y[i] + shift[i];
        }
    }
}

const naive_layer naive_layer_norm = {.compute = compute};
