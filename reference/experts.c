/* A mixture of experts, with the errors of its stages.
 *
 * A chosen expert's weight is its score over the sum of the chosen scores (normalize), or its score. Normalised
 * weights have the error of a softmax, and the sum that of a mean with such weights (cake_carry_mean): what all have
 * in common cancels. Else each weight's own relative error counts in full.
 *
 * The choice is not continuous. A kernel's logits are off by up to their bounds b, and so an expert that was not
 * chosen may be if its logit + b reaches the smallest chosen logit - b, and one that was may not be. All those are
 * near. A row with near experts is rare (their distance must be below about 1e-5), but right kernels do differ there:
 * what near experts contribute is added to the bound, twice, since one may come for the other. */
#include "reference/experts.h"

#include <math.h>
#include <stdlib.h>

cake_stage cake_swiglu_network(const cake_stage *x, const double *w1, const double *w2, int64_t ffn, double u)
{
    cake_stage hidden = cake_stage_linear(x, w1, NULL, 2 * ffn, u), gated = cake_stage_swiglu(&hidden, u);
    cake_stage y = cake_stage_linear(&gated, w2, NULL, x->cols, u);

    cake_stage_end(&hidden);
    cake_stage_end(&gated);
    return y;
}

/* A row's routing, [experts] each. */
typedef struct routing {
    double *score, *relative; /* weights before they are normalised, and their relative errors */
    bool *chosen, *near;
    int64_t involved; /* chosen or near */
    double moved;     /* relative error that all scores have in common */
} routing;

static void choose(const double *logit, const double *bound, int64_t n, int64_t top_k, routing *r)
{
    double least = INFINITY, most = -INFINITY;

    for (int64_t k = 0; k < top_k; k++) {
        int64_t best = -1;

        for (int64_t e = 0; e < n; e++)
            if (!r->chosen[e] && (best < 0 || logit[e] > logit[best]))
                best = e;
        r->chosen[best] = true;
    }
    for (int64_t e = 0; e < n; e++)
        if (r->chosen[e])
            least = fmin(least, logit[e] - bound[e]);
        else
            most = fmax(most, logit[e] + bound[e]);
    for (int64_t e = 0; e < n; e++) {
        r->near[e] = r->chosen[e] ? logit[e] - bound[e] <= most : logit[e] + bound[e] >= least;
        r->involved += r->chosen[e] || r->near[e];
    }
}

static void route(const cake_experts *x, const cake_stage *logits, int64_t row, routing *r)
{
    int64_t n = x->p->experts;
    double *logit = logits->value + row * n, *bound = logits->bound + row * n, u = x->u;

    r->moved = 0;
    if (x->p->scoring == CAKE_SCORE_SOFTMAX) {
        cake_carry_softmax(logit, bound, n, u, r->score, r->relative);
        for (int64_t e = 0; e < n; e++)
            r->moved += r->score[e] * r->relative[e];
        r->moved += cake_bound_sum((double)n, u) + CAKE_ROUNDINGS_DIVIDE * u;
    }
    for (int64_t e = 0; e < n; e++) {
        cake_expected s = cake_carry_sigmoid((cake_expected){logit[e], bound[e]}, u);

        if (x->p->scoring == CAKE_SCORE_SIGMOID) {
            r->score[e] = s.value;
            r->relative[e] = s.bound / s.value;
            /* Scores are compared, as rounded: near 0 and 1 they are closer together than their logits. */
            logit[e] = s.value;
            bound[e] = s.bound;
        } else {
            bound[e] += (CAKE_ROUNDINGS_EXP + 4) * u;
        }
    }
    choose(logit, bound, n, x->p->top_k, r);
}

/* Mix the experts involved into row `row` of y; x: that row. */
static void mix(const cake_experts *x, const cake_stage *in, routing *r, int64_t row, cake_stage *y)
{
    const cake_moe *p = x->p;
    int64_t model = p->model;
    cake_stage out = cake_stage_begin(p->top_k, model);
    double *weight = cake_scratch(2 * p->top_k), *relative = weight + p->top_k, *doubt = cake_scratch(model), sum = 0;
    cake_expected *mean = cake_scratch_expected(model);
    int64_t k = 0;

    for (int64_t e = 0; e < p->experts; e++)
        sum += r->chosen[e] ? r->score[e] : 0;
    for (int64_t e = 0; e < p->experts; e++) {
        double g = p->normalize ? r->score[e] / sum : r->score[e];
        cake_stage one;

        if (!r->chosen[e] && !r->near[e])
            continue;
        one = cake_swiglu_network(in, x->w1 + e * 2 * p->ffn * model, x->w2 + e * p->ffn * model, p->ffn, x->u);
        for (int64_t c = 0; c < model; c++) {
            doubt[c] += r->near[e] ? 2 * g * (fabs(one.value[c]) + one.bound[c]) : 0;
            if (r->chosen[e]) {
                out.value[k * model + c] = one.value[c];
                out.bound[k * model + c] = one.bound[c];
            }
        }
        if (r->chosen[e]) {
            weight[k] = g;
            relative[k++] = p->normalize ? r->relative[e] : 0;
            /* Not normalised: the weight's whole error, and the sum's, which a mean would let cancel. */
            for (int64_t c = 0; c < model && !p->normalize; c++)
                doubt[c] += (r->relative[e] + r->moved) * g * fabs(one.value[c]);
        }
        cake_stage_end(&one);
    }
    cake_carry_mean(weight, relative, out.value, out.bound, p->top_k, model, model, x->u, mean);
    for (int64_t c = 0; c < model; c++) {
        double value = p->route_scale * mean[c].value;

        y->value[row * model + c] = value;
        y->bound[row * model + c] = p->route_scale * (mean[c].bound + doubt[c]) + 2 * x->u * fabs(value);
    }
    cake_stage_end(&out);
    free(weight);
    free(doubt);
    free(mean);
}

cake_stage cake_experts_rows(const cake_experts *x, const cake_stage *in)
{
    const cake_moe *p = x->p;
    cake_stage logits = cake_stage_linear(in, x->gate, NULL, p->experts, x->u),
               y = cake_stage_begin(in->rows, p->model);

    for (int64_t row = 0; row < in->rows; row++) {
        cake_stage one = cake_stage_rows(in, row, 1);
        double *scores = cake_scratch(2 * p->experts);
        bool *flags = calloc((size_t)(2 * p->experts), sizeof *flags);
        routing r = {.score = scores, .relative = scores + p->experts, .chosen = flags, .near = flags + p->experts};

        route(x, &logits, row, &r);
        mix(x, &one, &r, row, &y);
        free(scores);
        free(flags);
    }
    if (p->shared > 0) {
        cake_stage shared = cake_swiglu_network(in, x->s1, x->s2, p->shared * p->ffn, x->u);

        cake_stage_add(&y, &shared, x->u);
        cake_stage_end(&shared);
    }
    cake_stage_end(&logits);
    return y;
}

cake_status cake_experts_validate(const cake_moe *p, cake_error *error)
{
    if (p->top_k > p->experts)
        return cake_fail(error, CAKE_E_USAGE, "top_k must be at most experts=%lld, found top_k=%lld",
                         (long long)p->experts, (long long)p->top_k);
    return CAKE_OK;
}

/* The gate's weights are drawn larger, so that scores differ as those of a trained gate do. */
void cake_experts_tensors(const cake_moe *p, cake_tensor_list *list)
{
    double of_model = 1 / sqrt((double)p->model), of_ffn = 1 / sqrt((double)p->ffn);
    int64_t shared = p->shared * p->ffn;

    cake_tensor_add(list, "gate", CAKE_ROLE_CONSTANT, 2, (int64_t[]){p->experts, p->model})->scale = 4 * of_model;
    cake_tensor_add(list, "w1", CAKE_ROLE_CONSTANT, 3, (int64_t[]){p->experts, 2 * p->ffn, p->model})->scale =
        of_model;
    cake_tensor_add(list, "w2", CAKE_ROLE_CONSTANT, 3, (int64_t[]){p->experts, p->model, p->ffn})->scale = of_ffn;
    if (p->shared > 0) {
        cake_weight_add(list, "s1", 2 * shared, p->model);
        cake_weight_add(list, "s2", p->model, shared);
    }
}

double cake_experts_flops(const cake_moe *p, int64_t rows)
{
    double network = 6 * (double)p->model * (double)p->ffn;

    return (double)rows * (2 * (double)p->model * (double)p->experts + (double)(p->top_k + p->shared) * network);
}
