/* mla, and the attention of a DeepSeek block. Latents (the cache's and those of x) are made first; then either keys
 * and values are expanded for each head, or queries are multiplied with wk and results with wv ("absorbed"), and all
 * heads attend to the latents themselves: whichever takes fewer operations. */
#ifndef LAYERCAKE_PLUGINS_COMMON_LAYER_MLA_INC_H
#define LAYERCAKE_PLUGINS_COMMON_LAYER_MLA_INC_H

#include "common/kernels/layer_steps.inc.h"

enum { MLA_ROWS = 4 }; /* of an item of the latents */

typedef struct mla {
    cake_mla op;
    layer_view low;     /* [batch len][kv_lora + rope_dim]: before norm and turning */
    layer_view latents; /* [batch past + len][kv_lora + rope_dim] */
    row_norm norm;
    const rope_table *turns;
} mla;

typedef struct mla_weights {
    const float *wq_a, *q_norm, *wq_b, *wkv_a, *kv_norm, *wkv_b, *wo;
} mla_weights;

static inline mla_weights mla_weights_of(const cake_mla *p, const cake_tensor *const *c)
{
    const float *w[7] = {NULL};

    for (int i = p->q_lora > 0 ? 0 : 2, next = 0; i < 7; i++)
        w[i] = c[next++]->data;
    return (mla_weights){w[0], w[1], w[2], w[3], w[4], w[5], w[6]};
}

static inline void mla_copy(float *to, const float *from, int64_t count)
{
    for (int64_t i = 0; i < count; i += VEC_LANES)
        vec_store_left(to + i, vec_load_left(from + i, count - i), count - i);
}

/* Latents of some positions: from the cache, or normed and turned. */
static void mla_latents_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const mla *m = s->as.own;
    const cake_mla *p = &m->op;
    int64_t kv_len = p->past + p->len, columns = p->kv_lora + p->rope_dim;

    for (int64_t row = item * MLA_ROWS; row < (item + 1) * MLA_ROWS && row < p->batch * kv_len; row++) {
        int64_t sequence = row / kv_len, at = row % kv_len;
        float *to = m->latents.own + row * columns;
        const float *low = m->low.own + (sequence * p->len + at - p->past) * columns;
        if (at < p->past) {
            mla_copy(to, call->at[LAYER_SECOND] + (sequence * p->past + at) * columns, columns);
            continue;
        }
        row_norm_run(&m->norm, low, to, 0, 1);
        rope_row(m->turns, at - p->past, low + p->kv_lora, to + p->kv_lora);
    }
}

/* End of a product of heads: each row ends with what other's row ends with, from other's column turns_at on. */
static inline void mla_tail(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1, int64_t p0,
                            int64_t p1)
{
    for (int64_t h = p0 / p->g.of_head; h < p1 / p->g.of_head; h++)
        for (int64_t r = row0; r < row1; r++)
            mla_copy(layer_at(&p->c, call) + h * p->c.head + r * p->c.row + p->g.n,
                     layer_at(&p->other, call) + h * p->other.head + r * p->other.row + p->turns_at,
                     p->turns->rotary);
}

/* The latents' step, after the product that makes m->low. */
static inline void mla_add_latents(layer *l, const cake_mla *p, const float *scale, layer_view low,
                                   layer_view latents)
{
    mla *m = (mla *)layer_floats(l, (int64_t)(sizeof(mla) / sizeof(float)) + 1);

    if (!m)
        return;
    *m = (mla){.op = *p, .low = low, .latents = latents, .turns = &l->turns};
    m->norm = (row_norm){.rows = 1, .hidden = p->kv_lora, .eps = p->eps, .scale = scale, .rms = 1};
    layer_add(l, false,
              (layer_step){.work = mla_latents_work,
                           .items = rows_items(p->batch * (p->past + p->len), MLA_ROWS),
                           .as.own = m});
}

/* Attention with keys and values of each head; z: view of all heads' results as heads. */
static inline void mla_add_expanded(layer *l, const cake_mla *p, const float *wkv, layer_view q, layer_view latents,
                                    layer_view z, cake_attention op)
{
    int64_t kv_rows = p->batch * op.kv_len, below = (p->nope_dim + p->v_dim) * p->kv_lora;
    layer_weights wk = {wkv, NULL, p->kv_lora, p->heads, p->nope_dim, p->kv_lora, 1, below};
    layer_weights wv = {wkv + p->nope_dim * p->kv_lora, NULL, p->kv_lora, p->heads, p->v_dim, p->kv_lora, 1, below};
    layer_view k = layer_matrix(l, p->heads, kv_rows, op.head_dim), v = layer_matrix(l, p->heads, kv_rows, p->v_dim);

    layer_add_product(l, false, wk,
                      (layer_product){.a = latents,
                                      .c = k,
                                      .rows = kv_rows,
                                      .whole = true,
                                      .end = mla_tail,
                                      .other = latents,
                                      .turns = &l->turns,
                                      .turns_at = p->kv_lora});
    layer_add_product(l, true, wv, (layer_product){.a = latents, .c = v, .rows = kv_rows});
    layer_add_attention(l, &op, q, k, v, z);
}

/* Attention of all heads to the latents. */
static inline void mla_add_absorbed(layer *l, const cake_mla *p, const float *wkv, layer_view q, layer_view latents,
                                    layer_view z, cake_attention op)
{
    int64_t rows = p->batch * p->len, below = (p->nope_dim + p->v_dim) * p->kv_lora;
    layer_weights wk = {wkv, NULL, p->nope_dim, p->heads, p->kv_lora, 1, p->kv_lora, below};
    layer_weights wv = {wkv + p->nope_dim * p->kv_lora, NULL, p->kv_lora, p->heads, p->v_dim, p->kv_lora, 1, below};
    layer_view wide = layer_matrix(l, p->heads, rows, p->kv_lora + p->rope_dim);
    layer_view seen = layer_matrix(l, p->heads, rows, p->kv_lora);

    layer_add_product(l, false, wk,
                      (layer_product){.a = q,
                                      .c = wide,
                                      .rows = rows,
                                      .end = mla_tail,
                                      .other = q,
                                      .turns = &l->turns,
                                      .turns_at = p->nope_dim});
    op.kv_heads = 1;
    op.head_dim = p->kv_lora + p->rope_dim;
    op.v_dim = p->kv_lora;
    layer_add_attention(l, &op, wide, latents, latents, seen);
    layer_add_product(l, false, wv, (layer_product){.a = seen, .c = z, .rows = rows});
}

/* Does attending to the latents take fewer operations? */
static inline bool mla_absorbs(const cake_mla *p)
{
    double len = (double)p->len, kv_len = (double)(p->past + p->len);
    double expand = (double)((p->nope_dim + p->v_dim) * p->kv_lora);

    return len * expand + len * kv_len * (double)(2 * p->kv_lora + p->rope_dim) <
           kv_len * expand + len * kv_len * (double)(p->nope_dim + p->rope_dim + p->v_dim);
}

/* Steps y = mla(x), + residual unless that is NULL. */
static inline void layer_add_mla(layer *l, const cake_mla *p, const cake_tensor *const *constants, layer_view x,
                                 const layer_view *residual, layer_view y)
{
    mla_weights w = mla_weights_of(p, constants);
    int64_t rows = p->batch * p->len, dim = p->nope_dim + p->rope_dim, columns = p->kv_lora + p->rope_dim;
    layer_view low = layer_matrix(l, 1, rows, columns), q = layer_matrix(l, p->heads, rows, dim), from = x;
    layer_view latents = layer_matrix(l, 1, p->batch * (p->past + p->len), columns);
    layer_view z = layer_matrix(l, 1, rows, p->heads * p->v_dim), z_heads = {LAYER_OWN, z.own, z.row, p->v_dim};
    layer_product last = {.a = z, .c = y, .rows = rows};
    const cake_attention op = {.causal = CAKE_CAUSAL_LOWER_RIGHT,
                               .batch = p->batch,
                               .heads = p->heads,
                               .kv_heads = p->heads,
                               .q_len = p->len,
                               .kv_len = p->past + p->len,
                               .head_dim = dim,
                               .v_dim = p->v_dim,
                               .scale = 1 / sqrt((double)dim)};

    l->failed |= !rope_table_make(&l->turns, l->host, CAKE_ROPE_INTERLEAVED, p->rope_dim, p->len, p->past, p->base);
    layer_add_product(l, false, layer_dense(w.wkv_a, NULL, p->model, columns),
                      (layer_product){.a = x, .c = low, .rows = rows});
    if (p->q_lora > 0) {
        layer_view part = layer_matrix(l, 1, rows, p->q_lora);
        row_norm norm = {.rows = rows, .hidden = p->q_lora, .eps = p->eps, .scale = w.q_norm};
        from = layer_matrix(l, 1, rows, p->q_lora);
        layer_add_product(l, true, layer_dense(w.wq_a, NULL, p->model, p->q_lora),
                          (layer_product){.a = x, .c = part, .rows = rows});
        layer_add_norm(l, false, part, from, norm);
    }
    mla_add_latents(l, p, w.kv_norm, low, latents);
    layer_add_product(l, true, layer_heads(w.wq_b, NULL, from.row, p->heads, dim),
                      (layer_product){.a = from,
                                      .c = q,
                                      .rows = rows,
                                      .whole = true,
                                      .end = layer_turn,
                                      .turns = &l->turns,
                                      .turns_at = p->nope_dim});
    if (mla_absorbs(p))
        mla_add_absorbed(l, p, w.wkv_b, q, latents, z_heads, op);
    else
        mla_add_expanded(l, p, w.wkv_b, q, latents, z_heads, op);
    if (residual)
        last.end = layer_residual, last.other = *residual;
    layer_add_product(l, false, layer_dense(w.wo, NULL, p->heads * p->v_dim, p->model), last);
}

static int32_t mla_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                        void **ctx)
{
    const cake_mla *p = problem->params;
    layer *l = layer_new(problem, host);

    if (!l)
        return CAKE_NO_MEMORY;
    layer_add_mla(l, p, constants, (layer_view){.where = LAYER_X, .row = p->model}, NULL,
                  (layer_view){.where = LAYER_Y, .row = p->model});
    return layer_ready(l, ctx);
}

#endif
