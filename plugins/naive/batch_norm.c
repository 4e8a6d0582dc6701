/* batch_norm: y = scale (x - mean) / sqrt(var + eps) + shift, per channel (Ioffe and Szegedy 2015)
 *
 * At inference mean and var are given. In training they are those of the batch, over its images and places,
 * and the running averages move: new = momentum old + (1 - momentum) batch. */
#include <math.h>

#include "naive.h"

/* Mean and population variance of channel c over the batch, in two passes. */
static void batch_statistics(const cake_batch_norm *p, const float *x, int64_t c, float *mean, float *var)
{
    int64_t places = p->h * p->w;
    float count = (float)(p->n * places), sum = 0, squares = 0;

    for (int64_t n = 0; n < p->n; n++)
        for (int64_t i = 0; i < places; i++)
            sum += x[(n * p->c + c) * places + i];
    *mean = sum / count;
    for (int64_t n = 0; n < p->n; n++)
        for (int64_t i = 0; i < places; i++) {
            float distance = x[(n * p->c + c) * places + i] - *mean;

            squares += distance * distance;
        }
    *var = squares / count;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_batch_norm *p = params;
    const float *x = t->input[0], *scale = t->constant[0], *shift = t->constant[1];
    float momentum = (float)p->momentum, *y = t->output[0];
    int64_t places = p->h * p->w;

    for (int64_t c = 0; c < p->c; c++) {
        float mean, var;

        if (p->training) {
            batch_statistics(p, x, c, &mean, &var);
            t->output[1][c] = momentum * t->input[1][c] + (1 - momentum) * mean;
            t->output[2][c] = momentum * t->input[2][c] + (1 - momentum) * var;
        } else {
            mean = t->constant[2][c];
            var = t->constant[3][c];
        }
        for (int64_t n = 0; n < p->n; n++)
            for (int64_t i = 0; i < places; i++) {
                int64_t at = (n * p->c + c) * places + i;

                y[at] = scale[c] * ((x[at] - mean) / sqrtf(var + (float)p->eps)) + shift[c];
            }
    }
}

const naive_layer naive_batch_norm = {.compute = compute};
