/* mha: multi-head attention with its projections (Vaswani et al. 2017)
 *
 *   q = x wqT + bq,  k = m wkT + bk,  v = m wvT + bv,  m = x or the memory of cross-attention
 *   y = (attention of each head, side by side) woT + bo */
#include "parts.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_mha *p = params;
    const naive_heads heads = {p->q_len, p->kv_len, p->heads, p->kv_heads, p->head_dim, p->causal};
    const float *const *w = t->constant, *none[4] = {0}, *const *b = p->bias ? w + 4 : none;
    int64_t model = p->model, all = p->heads * p->head_dim, shared = p->kv_heads * p->head_dim;
    float *q = t->scratch, *k = q + p->q_len * all, *v = k + p->kv_len * shared, *y = v + p->kv_len * shared;
    float *score = y + p->q_len * all;

    for (int64_t n = 0; n < p->batch; n++) {
        const float *x = t->input[0] + n * p->q_len * model, *m = p->cross ? t->input[1] + n * p->kv_len * model : x;

        naive_project(x, p->q_len, model, w[0], b[0], all, q);
        naive_project(m, p->kv_len, model, w[1], b[1], shared, k);
        naive_project(m, p->kv_len, model, w[2], b[2], shared, v);
        naive_attend_heads(&heads, q, k, v, score, y);
        naive_project(y, p->q_len, all, w[3], b[3], model, t->output[0] + n * p->q_len * model);
    }
}

static int64_t scratch(const void *params)
{
    const cake_mha *p = params;

    return 2 * p->q_len * p->heads * p->head_dim + 2 * p->kv_len * p->kv_heads * p->head_dim + p->kv_len;
}

const naive_layer naive_mha = {.compute = compute, .scratch = scratch};
