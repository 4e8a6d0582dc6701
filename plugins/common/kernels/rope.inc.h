/* Turning the pairs of a row by its position (rope, and the layers that have it). Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ROPE_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ROPE_INC_H

#include <math.h>
#include <stdbool.h>

#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_tail.h"
#include "layercake/ops.h"

/* y = x cosine + (x of the pair's other element) sine, with the sign in the table. */
typedef struct rope_table {
    int style;
    int64_t rotary, len;  /* floats of a row that turn; rows */
    float *cosine, *sine; /* [len][rotary] */
} rope_table;

static inline void rope_table_free(rope_table *t, const cake_host *host)
{
    workspace_free(host, t->cosine);
    workspace_free(host, t->sine);
}

/* The table of `len` positions from `start` on, worked out in double; false without memory. */
static inline bool rope_table_make(rope_table *t, const cake_host *host, int style, int64_t rotary, int64_t len,
                                   int64_t start, double base)
{
    int64_t pairs = rotary / 2;

    *t = (rope_table){style, rotary, len, workspace_floats(host, len * rotary), workspace_floats(host, len * rotary)};
    if (!t->cosine || !t->sine)
        return false;
    for (int64_t i = 0; i < pairs; i++) {
        double frequency = pow(base, -2 * (double)i / (double)rotary);
        int64_t first = style == CAKE_ROPE_HALF ? i : 2 * i, second = style == CAKE_ROPE_HALF ? i + pairs : 2 * i + 1;
        for (int64_t at = 0; at < len; at++) {
            double angle = (double)(start + at) * frequency;
            float *cosine = t->cosine + at * rotary, *sine = t->sine + at * rotary;
            cosine[first] = cosine[second] = (float)cos(angle);
            sine[first] = (float)-sin(angle);
            sine[second] = (float)sin(angle);
        }
    }
    return true;
}

/* y = x turned as row `at` of the table; y may be x. */
static inline void rope_row(const rope_table *t, int64_t at, const float *x, float *y)
{
    const float *cosine = t->cosine + at * t->rotary, *sine = t->sine + at * t->rotary;
    int64_t pairs = t->rotary / 2;

    if (t->style == CAKE_ROPE_INTERLEAVED) {
        for (int64_t i = 0; i < t->rotary; i += VEC_LANES) {
            int64_t left = t->rotary - i;
            vec here = vec_load_left(x + i, left),
                turned = vec_mul(vec_swap_pairs(here), vec_load_left(sine + i, left));
            vec_store_left(y + i, vec_fma(here, vec_load_left(cosine + i, left), turned), left);
        }
        return;
    }
    for (int64_t i = 0; i < pairs; i += VEC_LANES) {
        int64_t left = pairs - i;
        vec a = vec_load_left(x + i, left), b = vec_load_left(x + pairs + i, left);
        vec c = vec_load_left(cosine + i, left), s = vec_load_left(sine + pairs + i, left);
        vec_store_left(y + i, vec_fma(a, c, vec_neg(vec_mul(b, s))), left);
        vec_store_left(y + pairs + i, vec_fma(b, c, vec_mul(a, s)), left);
    }
}

#endif
