/* mla: multi-head latent attention of DeepSeek-V2 and -V3, with each position's keys and values expanded for each
 * head
 *
 *   q      = wq_b rms_norm(wq_a x),  per head qn, and qr turned by its position
 *   (a, b) = wkv_a x,  c = rms_norm(a),  r = b turned, one for all heads
 *   k      = wk c and r,  v = wv c,  per head
 *   y      = wo (the heads' attention, side by side) */
#include <math.h>
#include <string.h>

#include "parts.h"

typedef struct weights {
    const float *wq_a, *q_norm, *wq_b, *wkv_a, *kv_norm, *wkv_b, *wo;
} weights;

static weights weights_of(const cake_mla *p, const float *const *c)
{
    if (p->q_lora > 0)
        return (weights){c[0], c[1], c[2], c[3], c[4], c[5], c[6]};
    return (weights){NULL, NULL, c[0], c[1], c[2], c[3], c[4]};
}

/* The latent and rotary key of one position, [kv_lora + rope_dim]. */
static void make_latent(const cake_mla *p, const weights *w, const float *x, int64_t position, float *key)
{
    naive_project(x, 1, p->model, w->wkv_a, NULL, p->kv_lora + p->rope_dim, key);
    naive_norm(key, p->kv_lora, w->kv_norm, NULL, p->eps, key);
    naive_rotate(key + p->kv_lora, key + p->kv_lora, p->rope_dim, CAKE_ROPE_INTERLEAVED, position, p->base);
}

/* The queries of one position, [heads (nope_dim + rope_dim)]; low: scratch, [q_lora]. */
static void make_queries(const cake_mla *p, const weights *w, const float *x, int64_t position, float *low, float *q)
{
    int64_t dim = p->nope_dim + p->rope_dim;

    if (p->q_lora > 0) {
        naive_project(x, 1, p->model, w->wq_a, NULL, p->q_lora, low);
        naive_norm(low, p->q_lora, w->q_norm, NULL, p->eps, low);
        naive_project(low, 1, p->q_lora, w->wq_b, NULL, p->heads * dim, q);
    } else {
        naive_project(x, 1, p->model, w->wq_b, NULL, p->heads * dim, q);
    }
    for (int64_t h = 0; h < p->heads; h++) {
        float *turning = q + h * dim + p->nope_dim;

        naive_rotate(turning, turning, p->rope_dim, CAKE_ROPE_INTERLEAVED, position, p->base);
    }
}

/* One head's keys and values, side by side in rows of nope_dim + rope_dim + v_dim. */
static void expand(const cake_mla *p, const float *wkv, const float *latents, float *kv)
{
    int64_t cols = p->kv_lora + p->rope_dim, row = p->nope_dim + p->rope_dim + p->v_dim;

    for (int64_t j = 0; j < p->past + p->len; j++) {
        const float *c = latents + j * cols;
        float *k = kv + j * row, *v = k + p->nope_dim + p->rope_dim;

        naive_project(c, 1, p->kv_lora, wkv, NULL, p->nope_dim, k);
        memcpy(k + p->nope_dim, c + p->kv_lora, (size_t)p->rope_dim * sizeof *k);
        naive_project(c, 1, p->kv_lora, wkv + p->nope_dim * p->kv_lora, NULL, p->v_dim, v);
    }
}

void naive_latent_attention(const cake_mla *p, const float *x, const float *cache, const float *const *constants,
                            float *memory, float *y)
{
    const weights w = weights_of(p, constants);
    int64_t dim = p->nope_dim + p->rope_dim, cols = p->kv_lora + p->rope_dim, kv_len = p->past + p->len;
    float *latents = memory, *q = latents + kv_len * cols, *kv = q + p->len * p->heads * dim;
    float *all = kv + kv_len * (dim + p->v_dim), *score = all + p->len * p->heads * p->v_dim, *low = score + kv_len;

    if (p->past > 0)
        memcpy(latents, cache, (size_t)(p->past * cols) * sizeof *latents);
    for (int64_t t = 0; t < p->len; t++) {
        make_latent(p, &w, x + t * p->model, p->past + t, latents + (p->past + t) * cols);
        make_queries(p, &w, x + t * p->model, p->past + t, low, q + t * p->heads * dim);
    }
    for (int64_t h = 0; h < p->heads; h++) {
        expand(p, w.wkv_b + h * (p->nope_dim + p->v_dim) * p->kv_lora, latents, kv);
        for (int64_t t = 0; t < p->len; t++)
            naive_attend(q + (t * p->heads + h) * dim, kv, kv + dim, p->past + t + 1, dim + p->v_dim, dim, p->v_dim,
                         1 / sqrtf((float)dim), score, all + (t * p->heads + h) * p->v_dim);
    }
    naive_project(all, p->len, p->heads * p->v_dim, w.wo, NULL, p->model, y);
}

int64_t naive_latent_scratch(const cake_mla *p)
{
    int64_t dim = p->nope_dim + p->rope_dim, kv_len = p->past + p->len;

    return kv_len * (p->kv_lora + p->rope_dim + dim + p->v_dim + 1) + p->len * p->heads * (dim + p->v_dim) +
           p->q_lora;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_mla *p = params;
    int64_t cache = p->past * (p->kv_lora + p->rope_dim);

    for (int64_t b = 0; b < p->batch; b++)
        naive_latent_attention(p, t->input[0] + b * p->len * p->model, p->past > 0 ? t->input[1] + b * cache : NULL,
                               t->constant, t->scratch, t->output[0] + b * p->len * p->model);
}

static int64_t scratch(const void *params)
{
    return naive_latent_scratch(params);
}

const naive_layer naive_mla = {.compute = compute, .scratch = scratch};
