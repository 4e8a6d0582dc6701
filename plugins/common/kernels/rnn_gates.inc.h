/* The gates of rnn: from a step's products to its new states. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_RNN_GATES_INC_H
#define LAYERCAKE_PLUGINS_COMMON_RNN_GATES_INC_H

#include <stdbool.h>

#include "common/kernels/rnn_plan.inc.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

/* One row of the batch in one step of a direction: where its states are, whole rows. */
typedef struct rnn_row {
    bool runs;              /* false: the row has ended before */
    const float *h;         /* previous state */
    float *c;               /* LSTM's cell state, before and after */
    float *y;               /* new state */
    float *next;            /* the new h again, for the next step's product */
    float *z, *rh;          /* GRU of two stages */
    float *h_last, *c_last; /* NULL: not the row's last step */
    const float *peephole;  /* LSTM: [3][hidden], or NULL */
} rnn_row;

VEC_INLINE void rnn_put(float *to, float *also, int64_t at, vec v, int64_t left)
{
    vec_store_left(to + at, v, left);
    if (also)
        vec_store_left(also + at, v, left);
}

VEC_INLINE void rnn_put_h(const rnn_row *s, int64_t at, vec h, int64_t left)
{
    vec_store_left(s->next + at, h, left);
    rnn_put(s->y, s->h_last, at, h, left);
}

VEC_INLINE vec rnn_clip(const rnn *n, vec x)
{
    vec limit = vec_set1((float)n->op.clip);

    return n->op.clip > 0 ? vec_max(vec_neg(limit), vec_min(limit, x)) : x;
}

/* c' = f c + i g over a common denominator: sigmoid and tanh are quotients, and a division costs as much as ten
 * other instructions. */
VEC_INLINE void rnn_lstm(const rnn *n, const rnn_row *s, const float *tile, int64_t at, int64_t left)
{
    vec c = vec_load_left(s->c + at, left), i = vec_load(tile), o = vec_load(tile + GEMM_NR);
    vec f = vec_load(tile + 2 * GEMM_NR), g = vec_load(tile + 3 * GEMM_NR), di, df, dg, d_o;

    if (s->peephole) {
        i = vec_fma(vec_load_left(s->peephole + at, left), c, i);
        f = vec_fma(vec_load_left(s->peephole + 2 * n->op.hidden + at, left), c, f);
    }
    i = vec_sigmoid_parts(rnn_clip(n, i), &di);
    f = vec_sigmoid_parts(rnn_clip(n, f), &df);
    g = vec_tanh_parts(rnn_clip(n, g), &dg);
    di = vec_mul(di, dg);
    c = vec_div(vec_fma(vec_mul(f, c), di, vec_mul(vec_mul(i, g), df)), vec_mul(di, df));
    rnn_put(s->c, s->c_last, at, c, left);
    if (s->peephole)
        o = vec_fma(vec_load_left(s->peephole + n->op.hidden + at, left), c, o);
    o = vec_sigmoid_parts(rnn_clip(n, o), &d_o);
    g = vec_tanh_parts(c, &dg);
    rnn_put_h(s, at, vec_div(vec_mul(o, g), vec_mul(d_o, dg)), left);
}

/* GRU of two stages, the first: z and r h. */
VEC_INLINE void rnn_gru_reset(const rnn *n, const rnn_row *s, const float *tile, int64_t at, int64_t left)
{
    vec z = vec_sigmoid(rnn_clip(n, vec_load(tile))), r = vec_sigmoid(rnn_clip(n, vec_load(tile + GEMM_NR)));

    vec_store_left(s->z + at, z, left);
    vec_store_left(s->rh + at, vec_mul(r, vec_load_left(s->h + at, left)), left);
}

/* h' = (1 - z/dz) n/dn + z/dz h over dz dn, n given before tanh. */
VEC_INLINE void rnn_gru_update(const rnn *n, const rnn_row *s, vec z, vec dz, vec candidate, int64_t at, int64_t left)
{
    vec h = vec_load_left(s->h + at, left), dn;

    candidate = vec_tanh_parts(rnn_clip(n, candidate), &dn);
    h = vec_fma(vec_mul(z, h), dn, vec_mul(vec_sub(dz, z), candidate));
    rnn_put_h(s, at, vec_div(h, vec_mul(dz, dn)), left);
}

/* GRU of one stage. x: n's input product, which is added outside the reset. */
VEC_INLINE void rnn_gru(const rnn *n, const rnn_row *s, const float *tile, const float *x, int64_t at, int64_t left)
{
    vec dz, z = vec_sigmoid_parts(rnn_clip(n, vec_load(tile)), &dz);
    vec r = vec_sigmoid(rnn_clip(n, vec_load(tile + GEMM_NR)));

    rnn_gru_update(n, s, z, dz, vec_fma(r, vec_load(tile + 2 * GEMM_NR), vec_load(x)), at, left);
}

/* The gates of one row and a block of units. tile: their products, gate after gate. */
static void rnn_gates(const rnn *n, const rnn_row *s, int stage, const float *tile, const float *x, int64_t unit)
{
    int64_t end = unit + GEMM_NR < n->op.hidden ? unit + GEMM_NR : n->op.hidden;

    for (int64_t at = unit; at < end; at += VEC_LANES, tile += VEC_LANES, x += VEC_LANES) {
        int64_t left = n->op.hidden - at;
        if (n->op.cell == CAKE_RNN_LSTM)
            rnn_lstm(n, s, tile, at, left);
        else if (n->op.cell == CAKE_RNN_GRU && n->stages == 1)
            rnn_gru(n, s, tile, x, at, left);
        else if (n->op.cell == CAKE_RNN_GRU && stage == 0)
            rnn_gru_reset(n, s, tile, at, left);
        else if (n->op.cell == CAKE_RNN_GRU)
            rnn_gru_update(n, s, vec_load_left(s->z + at, left), vec_set1(1.0F), vec_load(tile), at, left);
        else if (n->op.cell == CAKE_RNN_TANH)
            rnn_put_h(s, at, vec_tanh(rnn_clip(n, vec_load(tile))), left);
        else
            rnn_put_h(s, at, vec_max(vec_zero(), rnn_clip(n, vec_load(tile))), left);
    }
}

/* A row that has no such step: y is 0; a row of no steps ends with the states that it began with. */
static void rnn_skip(const rnn *n, const rnn_row *s, int64_t unit)
{
    int64_t end = unit + GEMM_NR < n->op.hidden ? unit + GEMM_NR : n->op.hidden;

    for (int64_t at = unit; at < end; at += VEC_LANES) {
        int64_t left = n->op.hidden - at;
        vec_store_left(s->y + at, vec_zero(), left);
        if (s->h_last)
            vec_store_left(s->h_last + at, vec_load_left(s->h + at, left), left);
        if (s->c_last)
            vec_store_left(s->c_last + at, vec_load_left(s->c + at, left), left);
    }
}

#endif
