/* mha, and the attention of a transformer block: projections into heads that lie apart, attention between them, and
 * the projection of all heads' results. */
#ifndef LAYERCAKE_PLUGINS_COMMON_LAYER_MHA_INC_H
#define LAYERCAKE_PLUGINS_COMMON_LAYER_MHA_INC_H

#include "common/kernels/layer_steps.inc.h"

typedef struct layer_mha {
    int64_t batch, q_len, kv_len, model, heads, kv_heads, head_dim;
    int32_t causal;
    const float *wq, *wk, *wv, *bq, *bk, *bv; /* biases: NULL without */
    layer_view x, memory;                     /* keys and values come from memory */
    const rope_table *turns;                  /* of queries and keys, or NULL */
} layer_mha;

/* Steps: attention of all heads, before the last projection. Returns its result, [batch q_len][heads head_dim]. */
static inline layer_view layer_add_mha(layer *l, const layer_mha *m)
{
    int64_t d = m->head_dim, q_rows = m->batch * m->q_len, kv_rows = m->batch * m->kv_len;
    layer_view q = layer_matrix(l, m->heads, q_rows, d), k = layer_matrix(l, m->kv_heads, kv_rows, d);
    layer_view v = layer_matrix(l, m->kv_heads, kv_rows, d), y = layer_matrix(l, 1, q_rows, m->heads * d);
    layer_view y_heads = {LAYER_OWN, y.own, y.row, d};
    layer_product turned = {
        .rows = q_rows, .whole = m->turns, .end = m->turns ? layer_turn : NULL, .turns = m->turns};
    const cake_attention op = {.causal = m->causal,
                               .batch = m->batch,
                               .heads = m->heads,
                               .kv_heads = m->kv_heads,
                               .q_len = m->q_len,
                               .kv_len = m->kv_len,
                               .head_dim = d,
                               .v_dim = d,
                               .scale = 1 / sqrt((double)d)};

    turned.a = m->x, turned.c = q;
    layer_add_product(l, false, layer_heads(m->wq, m->bq, m->model, m->heads, d), turned);
    turned.a = m->memory, turned.c = k, turned.rows = kv_rows;
    layer_add_product(l, true, layer_heads(m->wk, m->bk, m->model, m->kv_heads, d), turned);
    layer_add_product(l, true, layer_heads(m->wv, m->bv, m->model, m->kv_heads, d),
                      (layer_product){.a = m->memory, .c = v, .rows = kv_rows});
    layer_add_attention(l, &op, q, k, v, y_heads);
    return y;
}

static int32_t mha_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                        void **ctx)
{
    const cake_mha *p = problem->params;
    const float *b[4] = {NULL};
    layer *l = layer_new(problem, host);
    layer_view x = {.where = LAYER_X, .row = p->model}, memory = {.where = LAYER_SECOND, .row = p->model}, z;
    layer_mha m = {.batch = p->batch,
                   .q_len = p->q_len,
                   .kv_len = p->kv_len,
                   .model = p->model,
                   .heads = p->heads,
                   .kv_heads = p->kv_heads,
                   .head_dim = p->head_dim,
                   .causal = p->causal};

    if (!l)
        return CAKE_NO_MEMORY;
    for (int i = 0; p->bias && i < 4; i++)
        b[i] = constants[4 + i]->data;
    m.wq = constants[0]->data, m.bq = b[0];
    m.wk = constants[1]->data, m.bk = b[1];
    m.wv = constants[2]->data, m.bv = b[2];
    m.x = x;
    m.memory = p->cross ? memory : x;
    z = layer_add_mha(l, &m);
    layer_add_product(l, false, layer_dense(constants[3]->data, b[3], p->heads * p->head_dim, p->model),
                      (layer_product){.a = z, .c = {.where = LAYER_Y, .row = p->model}, .rows = p->batch * p->q_len});
    return layer_ready(l, ctx);
}

#endif
