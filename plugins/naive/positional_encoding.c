/* positional_encoding: x + P or x P, with P[t][2i] = sin(a), P[t][2i+1] = cos(a), a = (start + t) / base^(2i / dim)
 * (Vaswani et al. 2017) */
#include <math.h>

#include "naive.h"

static float encoding(const cake_positional_encoding *p, int64_t position, int64_t k)
{
    float angle = (float)position * powf((float)p->base, -(float)(k - k % 2) / (float)p->dim);

    return k % 2 == 0 ? sinf(angle) : cosf(angle);
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_positional_encoding *p = params;

    for (int64_t i = 0; i < p->batch * p->len * p->dim; i++) {
        float e = encoding(p, p->start + i / p->dim % p->len, i % p->dim), x = t->input[0][i];

        t->output[0][i] = p->combine == CAKE_COMBINE_ADD ? x + e : x * e;
    }
}

const naive_layer naive_positional_encoding = {.compute = compute};
