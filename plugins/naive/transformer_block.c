/* transformer_block: self-attention and a feed-forward network, each with a residual connection and a norm
 *
 *   post   h = norm1(x + attention(x)),     y = norm2(h + ffn(h))     (Vaswani et al. 2017)
 *   pre    h = x + attention(norm1(x)),     y = h + ffn(norm2(h))     (Xiong et al. 2020)
 *
 * ffn(h) = f(h w1T + b1) w2T + b2, or silu(h gT) (h uT) w2T where w1 is g above u (Shazeer 2020). */
#include <string.h>

#include "parts.h"

typedef struct weights {
    const float *wqkv, *wo, *w1, *w2, *scale1, *scale2;
    const float *shift1, *shift2, *bqkv, *bo, *b1, *b2; /* NULL where there is none */
} weights;

static weights weights_of(const cake_transformer_block *p, const float *const *c)
{
    int next = 6;
    weights w = {.wqkv = c[0], .wo = c[1], .w1 = c[2], .w2 = c[3], .scale1 = c[4], .scale2 = c[5]};

    if (p->norm_kind == CAKE_NORM_LAYER) {
        w.shift1 = c[next++];
        w.shift2 = c[next++];
    }
    if (p->bias) {
        w.bqkv = c[next++];
        w.bo = c[next++];
        w.b1 = c[next++];
        w.b2 = c[next];
    }
    return w;
}

static int64_t rows_of_w1(const cake_transformer_block *p)
{
    return p->ffn_kind == CAKE_FFN_SWIGLU ? 2 * p->ffn : p->ffn;
}

static void norm_rows(const cake_transformer_block *p, const float *x, const float *scale, const float *shift,
                      float *y)
{
    for (int64_t i = 0; i < p->len; i++)
        naive_norm(x + i * p->model, p->model, scale, shift, p->eps, y + i * p->model);
}

/* y = attention(x) of one sequence; memory: scratch. */
static void attention(const cake_transformer_block *p, const weights *w, const float *x, float *memory, float *y)
{
    const naive_heads heads = {p->len, p->len, p->heads, p->kv_heads, p->head_dim, p->causal};
    int64_t d = p->head_dim, all = p->heads * d, shared = p->kv_heads * d, model = p->model;
    int32_t style = p->rotary == CAKE_ROTARY_HALF ? CAKE_ROPE_HALF : CAKE_ROPE_INTERLEAVED;
    float *q = memory, *k = q + p->len * all, *v = k + p->len * shared, *z = v + p->len * shared;
    float *score = z + p->len * all;
    const float *bk = w->bqkv ? w->bqkv + all : NULL, *bv = w->bqkv ? bk + shared : NULL;

    naive_project(x, p->len, model, w->wqkv, w->bqkv, all, q);
    naive_project(x, p->len, model, w->wqkv + all * model, bk, shared, k);
    naive_project(x, p->len, model, w->wqkv + (all + shared) * model, bv, shared, v);
    for (int64_t i = 0; i < p->len && p->rotary != CAKE_ROTARY_NO; i++) {
        for (int64_t h = 0; h < p->heads; h++)
            naive_rotate(q + i * all + h * d, q + i * all + h * d, d, style, i, p->base);
        for (int64_t h = 0; h < p->kv_heads; h++)
            naive_rotate(k + i * shared + h * d, k + i * shared + h * d, d, style, i, p->base);
    }
    naive_attend_heads(&heads, q, k, v, score, z);
    naive_project(z, p->len, all, w->wo, w->bo, model, y);
}

/* y = ffn(x) of one sequence; hidden: scratch. */
static void feed_forward(const cake_transformer_block *p, const weights *w, const float *x, float *hidden, float *y)
{
    static const int32_t kinds[] = {CAKE_ACTIVATION_RELU, CAKE_ACTIVATION_GELU, CAKE_ACTIVATION_GELU_TANH};
    float *gated = hidden + p->len * rows_of_w1(p);

    naive_project(x, p->len, p->model, w->w1, w->b1, rows_of_w1(p), hidden);
    if (p->ffn_kind == CAKE_FFN_SWIGLU) {
        naive_swiglu(hidden, p->len, p->ffn, gated);
        hidden = gated;
    } else {
        for (int64_t i = 0; i < p->len * p->ffn; i++)
            hidden[i] = naive_activate(kinds[p->ffn_kind], hidden[i]);
    }
    naive_project(hidden, p->len, p->ffn, w->w2, w->b2, p->model, y);
}

static void add(float *x, const float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] += y[i];
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_transformer_block *p = params;
    const weights w = weights_of(p, t->constant);
    int64_t size = p->len * p->model;
    float *h = t->scratch, *z = h + size, *part = z + size, *memory = part + size;

    for (int64_t n = 0; n < p->batch; n++) {
        const float *x = t->input[0] + n * size;
        float *y = t->output[0] + n * size;

        memcpy(h, x, (size_t)size * sizeof *h);
        if (p->norm == CAKE_NORM_PRE) {
            norm_rows(p, x, w.scale1, w.shift1, z);
            attention(p, &w, z, memory, part);
            add(h, part, size);
            norm_rows(p, h, w.scale2, w.shift2, z);
            feed_forward(p, &w, z, memory, part);
            add(h, part, size);
            memcpy(y, h, (size_t)size * sizeof *y);
        } else {
            attention(p, &w, x, memory, part);
            add(h, part, size);
            norm_rows(p, h, w.scale1, w.shift1, h);
            feed_forward(p, &w, h, memory, part);
            add(h, part, size);
            norm_rows(p, h, w.scale2, w.shift2, y);
        }
    }
}

/* Three arrays like x, and the larger of what attention and the network need. */
static int64_t scratch(const void *params)
{
    const cake_transformer_block *p = params;
    int64_t attention_size = 2 * (p->heads + p->kv_heads) * p->head_dim * p->len + p->len;
    int64_t network_size = p->len * (rows_of_w1(p) + p->ffn);

    return 3 * p->len * p->model + (attention_size > network_size ? attention_size : network_size);
}

const naive_layer naive_transformer_block = {.compute = compute, .scratch = scratch};
