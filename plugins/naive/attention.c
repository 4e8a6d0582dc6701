/* attention: y = softmax(scale q kT + mask) v, for each batch and head (Vaswani et al. 2017)
 *
 * For one query: a score for each key it may see, the scores' softmax, and the values' mean weighted with it.
 * The softmax subtracts the largest score first, so that no exponential overflows. Neighbouring heads share a
 * key-value head (grouped-query attention; one for all: multi-query). */
#include <math.h>

#include "naive.h"

/* How many keys query i sees: 0 .. visible - 1. */
static int64_t visible_keys(const cake_attention *p, int64_t i)
{
    int64_t visible = p->kv_len;

    if (p->causal == CAKE_CAUSAL_UPPER_LEFT)
        visible = i + 1;
    if (p->causal == CAKE_CAUSAL_LOWER_RIGHT)
        visible = i + 1 + p->kv_len - p->q_len;
    return visible < p->kv_len ? visible : p->kv_len;
}

/* A score with the cap and the mask, in their order; *step is what it is between the two. */
static float finish_score(const cake_attention *p, float score, const float *mask, float *step)
{
    float capped = (float)p->softcap, added = mask ? *mask : 0;

    if (p->mask_first)
        score += added;
    else if (p->softcap > 0)
        score = capped * tanhf(score / capped);
    *step = score;
    if (!p->mask_first)
        return score + added;
    return p->softcap > 0 ? capped * tanhf(score / capped) : score;
}

/* One query against the keys and values that it sees; mask is its row, or NULL. */
static void attend(const cake_attention *p, int64_t keys, const float *q, const float *k, const float *v,
                   const float *mask, float *score, float *y, float *shown)
{
    float largest = -INFINITY, sum = 0, step;

    for (int64_t j = 0; j < keys; j++) {
        float product = 0;

        for (int64_t d = 0; d < p->head_dim; d++)
            product += q[d] * k[j * p->head_dim + d];
        score[j] = finish_score(p, (float)p->scale * product, mask ? &mask[j] : NULL, &step);
        if (p->scores == CAKE_SCORES_PRODUCTS)
            shown[j] = (float)p->scale * product;
        else if (p->scores)
            shown[j] = p->scores == CAKE_SCORES_STEP1 ? step : score[j];
        largest = score[j] > largest ? score[j] : largest;
    }
    for (int64_t j = 0; j < keys; j++) {
        score[j] = expf(score[j] - largest);
        sum += score[j];
    }
    for (int64_t j = 0; p->scores == CAKE_SCORES_WEIGHTS && j < keys; j++)
        shown[j] = score[j] / sum;
    for (int64_t d = 0; d < p->v_dim; d++) {
        y[d] = 0;
        for (int64_t j = 0; j < keys; j++)
            y[d] += score[j] / sum * v[j * p->v_dim + d];
    }
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_attention *p = params;

    for (int64_t b = 0; b < p->batch; b++)
        for (int64_t h = 0; h < p->heads; h++) {
            int64_t head = b * p->heads + h;
            int64_t kv_head = b * p->kv_heads + h / (p->heads / p->kv_heads);
            const float *q = t->input[0] + head * p->q_len * p->head_dim;
            const float *k = t->input[1] + kv_head * p->kv_len * p->head_dim;
            const float *v = t->input[2] + kv_head * p->kv_len * p->v_dim;
            float *y = t->output[0] + head * p->q_len * p->v_dim;

            for (int64_t i = 0; i < p->q_len; i++)
                attend(p, visible_keys(p, i), q + i * p->head_dim, k, v, p->mask ? t->input[3] + i * p->kv_len : NULL,
                       t->scratch, y + i * p->v_dim,
                       p->scores ? t->output[1] + (head * p->q_len + i) * p->kv_len : NULL);
        }
}

/* One row of scores. */
static int64_t scratch(const void *params)
{
    const cake_attention *p = params;

    return p->kv_len;
}

const naive_layer naive_attention = {.compute = compute, .scratch = scratch};
