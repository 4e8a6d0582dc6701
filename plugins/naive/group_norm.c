/* group_norm: y = scale (x - mean) / sqrt(var + eps) + shift, mean and population variance over the c/groups
 * channels of a group and all their places, scale and shift per channel (Wu and He 2018)
 *
 * groups = c is instance norm. */
#include <math.h>

#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_group_norm *p = params;
    const float *scale = t->constant[0], *shift = t->constant[1];
    int64_t places = p->h * p->w, channels = p->c / p->groups, size = channels * places;

    for (int64_t g = 0; g < p->n * p->groups; g++) {
        const float *x = t->input[0] + g * size;
        float *y = t->output[0] + g * size;
        float mean = 0, var = 0;

        for (int64_t i = 0; i < size; i++)
            mean += x[i];
        mean /= (float)size;
        for (int64_t i = 0; i < size; i++)
            var += (x[i] - mean) * (x[i] - mean);
        var /= (float)size;
        for (int64_t i = 0; i < size; i++) {
            int64_t c = g % p->groups * channels + i / places;

            y[i] = (x[i] - mean) / sqrtf(var + (float)p->eps);
            if (p->affine)
                y[i] = scale[c] * y[i] + shift[c];
        }
    }
}

const naive_layer naive_group_norm = {.compute = compute};
