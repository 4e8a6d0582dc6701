/* rope: rotary position embedding (Su et al. 2021). Pair i of a vector at position t turns by the angle
 * w = (start + t) / base^(2i / rotary_dim):   a' = a cos w - b sin w,   b' = b cos w + a sin w */
#include <math.h>
#include <string.h>

#include "naive.h"

void naive_rotate(const float *x, float *y, int64_t rotary_dim, int32_t style, int64_t position, double base)
{
    int64_t pairs = rotary_dim / 2;

    for (int64_t i = 0; i < pairs; i++) {
        int64_t first = style == CAKE_ROPE_HALF ? i : 2 * i, second = style == CAKE_ROPE_HALF ? i + pairs : 2 * i + 1;
        float w = (float)position * powf((float)base, -2 * (float)i / (float)rotary_dim);
        float a = x[first], b = x[second];

        y[first] = a * cosf(w) - b * sinf(w);
        y[second] = b * cosf(w) + a * sinf(w);
    }
}

/* The same with cosines and sines that are given, one for each pair. */
static void turn(const cake_rope *p, const float *x, const float *cosine, const float *sine, float *y)
{
    int64_t pairs = p->rotary_dim / 2;

    for (int64_t i = 0; i < pairs; i++) {
        int64_t first = p->style == CAKE_ROPE_HALF ? i : 2 * i;
        int64_t second = p->style == CAKE_ROPE_HALF ? i + pairs : 2 * i + 1;

        y[first] = x[first] * cosine[i] - x[second] * sine[i];
        y[second] = x[second] * cosine[i] + x[first] * sine[i];
    }
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_rope *p = params;

    for (int64_t row = 0; row < p->batch * p->heads * p->len; row++) {
        int64_t position = row % p->len, batch = row / p->len / p->heads;
        int64_t pairs = (batch * p->len + position) * (p->rotary_dim / 2);
        const float *x = t->input[0] + row * p->head_dim;
        float *y = t->output[0] + row * p->head_dim;

        memcpy(y, x, (size_t)p->head_dim * sizeof *y);
        if (p->tables)
            turn(p, x, t->input[1] + pairs, t->input[2] + pairs, y);
        else
            naive_rotate(x, y, p->rotary_dim, p->style, p->start + position, p->base);
    }
}

const naive_layer naive_rope = {.compute = compute};
