/* transformer_block: self-attention and a feed-forward network, each with a residual connection and a norm. The
 * residual is added, and the activation done, to each block of a product while it is in the cache; queries and keys
 * turn there too. */
#include "common/kernels/layer_mha.inc.h"

/* The feed-forward network's steps: y = f(x w1T + b1) w2T + b2 + residual, or gated. */
static inline void layer_add_network(layer *l, const cake_transformer_block *p, layer_view x, const float *w1,
                                     const float *b1, const float *w2, const float *b2, layer_view residual,
                                     layer_view y)
{
    static const int32_t kinds[] = {CAKE_ACTIVATION_RELU, CAKE_ACTIVATION_GELU, CAKE_ACTIVATION_GELU_TANH};
    int64_t rows = p->batch * p->len;
    layer_view hidden = layer_matrix(l, 1, rows, p->ffn);
    layer_product first = {.a = x, .c = hidden, .rows = rows, .end = layer_activate};

    if (p->ffn_kind == CAKE_FFN_SWIGLU) {
        layer_weights up = layer_dense(w1 + p->ffn * p->model, b1 ? b1 + p->ffn : NULL, p->model, p->ffn);
        first.end = layer_gate;
        first.other = layer_matrix(l, 1, rows, p->ffn);
        first.up = layer_pack(l, &up);
        first.up_bias = up.bias;
    } else {
        first.activation = kinds[p->ffn_kind];
    }
    layer_add_product(l, false, layer_dense(w1, b1, p->model, p->ffn), first);
    layer_add_product(l, false, layer_dense(w2, b2, p->ffn, p->model),
                      (layer_product){.a = hidden, .c = y, .rows = rows, .end = layer_residual, .other = residual});
}

static int32_t transformer_block_open(const cake_problem *problem, const cake_tensor *const *constants,
                                      const cake_host *host, void **ctx)
{
    enum { WQKV, WO, W1, W2, SCALE1, SCALE2, MOST = 12 };
    const cake_transformer_block *p = problem->params;
    const float *c[MOST] = {0}, *shift1 = NULL, *shift2 = NULL, *bqkv = NULL, *bo = NULL, *b1 = NULL, *b2 = NULL;
    int64_t all = p->heads * p->head_dim, shared = p->kv_heads * p->head_dim, rows = p->batch * p->len, next = 6;
    layer_view x = {.where = LAYER_X, .row = p->model}, y = {.where = LAYER_Y, .row = p->model}, h, z, att;
    layer *l = layer_new(problem, host);
    layer_mha m = {.batch = p->batch,
                   .q_len = p->len,
                   .kv_len = p->len,
                   .model = p->model,
                   .heads = p->heads,
                   .kv_heads = p->kv_heads,
                   .head_dim = p->head_dim,
                   .causal = p->causal};
    row_norm norm = {.rows = rows, .hidden = p->model, .eps = p->eps};

    if (!l)
        return CAKE_NO_MEMORY;
    for (uint32_t i = 0; i < problem->n_constants && i < MOST; i++)
        c[i] = constants[i]->data;
    if (p->norm_kind == CAKE_NORM_LAYER)
        shift1 = c[next], shift2 = c[next + 1], next += 2;
    if (p->bias)
        bqkv = c[next], bo = c[next + 1], b1 = c[next + 2], b2 = c[next + 3];
    if (p->rotary != CAKE_ROTARY_NO) {
        int style = p->rotary == CAKE_ROTARY_HALF ? CAKE_ROPE_HALF : CAKE_ROPE_INTERLEAVED;
        l->failed |= !rope_table_make(&l->turns, host, style, p->head_dim, p->len, 0, p->base);
        m.turns = &l->turns;
    }
    h = layer_matrix(l, 1, rows, p->model);
    z = layer_matrix(l, 1, rows, p->model);
    norm.scale = c[SCALE1], norm.shift = shift1;
    if (p->norm == CAKE_NORM_PRE)
        layer_add_norm(l, false, x, z, norm);
    m.x = m.memory = p->norm == CAKE_NORM_PRE ? z : x;
    m.wq = c[WQKV], m.wk = m.wq + all * p->model, m.wv = m.wk + shared * p->model;
    if (bqkv)
        m.bq = bqkv, m.bk = bqkv + all, m.bv = m.bk + shared;
    att = layer_add_mha(l, &m);
    layer_add_product(l, false, layer_dense(c[WO], bo, all, p->model),
                      (layer_product){.a = att, .c = h, .rows = rows, .end = layer_residual, .other = x});
    if (p->norm == CAKE_NORM_PRE) { /* h = x + attention,  y = h + ffn(norm2(h)) */
        norm.scale = c[SCALE2], norm.shift = shift2;
        layer_add_norm(l, false, h, z, norm);
        layer_add_network(l, p, z, c[W1], b1, c[W2], b2, h, y);
    } else { /* z = norm1(x + attention),  y = norm2(z + ffn(z)) */
        layer_add_norm(l, false, h, z, norm);
        layer_add_network(l, p, z, c[W1], b1, c[W2], b2, z, h);
        norm.scale = c[SCALE2], norm.shift = shift2;
        layer_add_norm(l, false, h, y, norm);
    }
    return layer_ready(l, ctx);
}
