/* moe: mixture of experts
 *
 *   s = softmax or sigmoid of x gateT;  the top_k experts with the largest s are chosen
 *   y = shared(x) + route_scale sum over the chosen e of g[e] expert[e](x),  g = s, or s / sum of the chosen s
 *   expert(x) = (silu(x gT) (x uT)) w2T,  w1 is g above u */
#include <math.h>

#include "parts.h"

/* y += g expert(x); hidden: scratch, [3 ffn]. */
static void add_expert(const float *x, int64_t model, int64_t ffn, const float *w1, const float *w2, float g,
                       float *hidden, float *y)
{
    float *gated = hidden + 2 * ffn;

    naive_project(x, 1, model, w1, NULL, 2 * ffn, hidden);
    naive_swiglu(hidden, 1, ffn, gated);
    for (int64_t m = 0; m < model; m++) {
        float sum = 0;

        for (int64_t i = 0; i < ffn; i++)
            sum += gated[i] * w2[m * ffn + i];
        y[m] += g * sum;
    }
}

static void score_experts(const cake_moe *p, const float *x, const float *gate, float *score)
{
    float largest = -INFINITY, sum = 0;

    naive_project(x, 1, p->model, gate, NULL, p->experts, score);
    for (int64_t e = 0; e < p->experts; e++)
        largest = fmaxf(largest, score[e]);
    for (int64_t e = 0; e < p->experts; e++) {
        score[e] = p->scoring == CAKE_SCORE_SIGMOID ? naive_activate(CAKE_ACTIVATION_SIGMOID, score[e])
                                                    : expf(score[e] - largest);
        sum += score[e];
    }
    for (int64_t e = 0; e < p->experts && p->scoring == CAKE_SCORE_SOFTMAX; e++)
        score[e] /= sum;
}

/* The expert with the largest score that is not marked in `taken`; the first of equal ones. */
static int64_t best_expert(const cake_moe *p, const float *score, const float *taken)
{
    int64_t best = -1;

    for (int64_t e = 0; e < p->experts; e++)
        if (taken[e] == 0 && (best < 0 || score[e] > score[best]))
            best = e;
    return best;
}

void naive_mix_experts(const cake_moe *p, const float *x, const float *const *w, float *memory, float *y)
{
    float *score = memory, *taken = score + p->experts, *hidden = taken + p->experts, sum = 0;

    score_experts(p, x, w[0], score);
    for (int64_t e = 0; e < p->experts; e++)
        taken[e] = 0;
    for (int64_t k = 0; k < p->top_k; k++) {
        int64_t e = best_expert(p, score, taken);

        taken[e] = 1;
        sum += score[e];
    }
    for (int64_t m = 0; m < p->model; m++)
        y[m] = 0;
    for (int64_t e = 0; e < p->experts; e++)
        if (taken[e] != 0)
            add_expert(x, p->model, p->ffn, w[1] + e * 2 * p->ffn * p->model, w[2] + e * p->ffn * p->model,
                       (float)p->route_scale * (p->normalize ? score[e] / sum : score[e]), hidden, y);
    if (p->shared > 0)
        add_expert(x, p->model, p->shared * p->ffn, w[3], w[4], 1, hidden, y);
}

int64_t naive_experts_scratch(const cake_moe *p)
{
    return 2 * p->experts + 3 * p->ffn * (p->shared > 0 ? p->shared : 1);
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_moe *p = params;

    for (int64_t r = 0; r < p->rows; r++)
        naive_mix_experts(p, t->input[0] + r * p->model, t->constant, t->scratch, t->output[0] + r * p->model);
}

static int64_t scratch(const void *params)
{
    return naive_experts_scratch(params);
}

const naive_layer naive_moe = {.compute = compute, .scratch = scratch};
