/* moe: mixture of experts (Shazeer et al. 2017; Mixtral; with shared experts and sigmoid scores: DeepSeek-V2 and -V3,
 * without their limits to groups of experts and their balancing bias)
 *
 *     s = softmax or sigmoid of x gateT      the top_k experts with the largest s are chosen
 *     y = shared(x) + route_scale sum over the chosen e of g[e] expert[e](x)      g = s, or s / sum of the chosen s
 *     expert(x) = (silu(x gT) (x uT)) w2T    w1 is g above u
 *
 * How many rows an expert gets depends on the data: any number from none to all.
 *
 * Error, and what is allowed where rounding may change the choice: experts.c. */
#include "reference/experts.h"

enum { ROWS_PER_BLOCK = 4 };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_moe, rows, NULL, 1, CAKE_EXTENT_MAX, "tokens: batch times sequence length"),
    CAKE_SIZE_ROW(cake_moe, model, NULL, 1, CAKE_EXTENT_MAX, "features of a token"),
    CAKE_SIZE_ROW(cake_moe, ffn, NULL, 1, CAKE_WINDOW_MAX, "features inside of an expert"),
    CAKE_SIZE_ROW(cake_moe, experts, NULL, 1, CAKE_WINDOW_MAX, "experts to choose from"),
    CAKE_SIZE_ROW(cake_moe, top_k, NULL, 1, CAKE_WINDOW_MAX, "experts that a token goes to"),
    CAKE_SIZE_ROW(cake_moe, shared, "0", 0, CAKE_WINDOW_MAX, "experts that every token goes to"),
    CAKE_CHOICE_ROW(cake_moe, scoring, "softmax", "what makes scores of the gate's logits", "softmax", "sigmoid"),
    CAKE_FLAG_ROW(cake_moe, normalize, "1", "1: the chosen scores are divided by their sum"),
    CAKE_REAL_ROW(cake_moe, route_scale, "1", 0, 1e3, "factor of the routed experts' sum"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    if (cake_experts_validate(params, error) != CAKE_OK)
        return CAKE_E_USAGE;
    return cake_validate_tensors(&cake_op_moe, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_moe *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 2, (int64_t[]){p->rows, p->model});
    cake_experts_tensors(p, list);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 2, (int64_t[]){p->rows, p->model});
}

static double flops(const void *params)
{
    const cake_moe *p = params;

    return cake_experts_flops(p, p->rows);
}

/* Of the experts only as many as can be chosen by that many rows. */
static double bytes(const void *params, int32_t dtype)
{
    const cake_moe *p = params;
    double used = (double)p->rows * (double)p->top_k, experts = (double)p->experts, model = (double)p->model;
    double network = 3 * model * (double)p->ffn;

    return (double)cake_dtype_size(dtype) * (2 * (double)p->rows * model + experts * model +
                                             ((used < experts ? used : experts) + (double)p->shared) * network);
}

static cake_stage compute(const cake_reference *reference, int64_t row, int64_t rows)
{
    const cake_moe *p = reference->params;
    double *const *v = reference->values;
    cake_experts experts = {.p = p, .gate = v[1], .w1 = v[2], .w2 = v[3], .u = reference->u};
    cake_stage x = cake_stage_of(v[0] + row * p->model, rows, p->model), y;

    if (p->shared > 0)
        experts.s1 = v[4], experts.s2 = v[5];
    y = cake_experts_rows(&experts, &x);
    cake_stage_end(&x);
    return y;
}

static int64_t blocks(const void *params)
{
    const cake_moe *p = params;

    return cake_ceil_div(p->rows, ROWS_PER_BLOCK);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_moe *p = reference->params;
    int64_t row = index * ROWS_PER_BLOCK, rows = p->rows - row < ROWS_PER_BLOCK ? p->rows - row : ROWS_PER_BLOCK;
    cake_stage y = compute(reference, row, rows);

    for (int64_t i = 0; i < rows * p->model; i++)
        expected[0][row * p->model + i] = cake_expect(reference, y.value[i], y.bound[i]);
    cake_stage_end(&y);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_moe *p = reference->params;
    cake_stage y = compute(reference, output.element / p->model, 1);
    int64_t column = output.element % p->model;
    cake_expected e = cake_expect(reference, y.value[column], y.bound[column]);

    (void)changed;
    cake_stage_end(&y);
    return e;
}

/* Any word of the element's row. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_moe *p = reference->params;
    int64_t row = output.element / p->model;

    return (cake_place){0, row * p->model + (int64_t)cake_random_below(random, (uint64_t)p->model)};
}

const cake_op cake_op_moe = {
    .name = "moe",
    .family = "transformer",
    .summary = "mixture of experts: routed by top-k gating, and shared ones",
    .params_size = sizeof(cake_moe),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .bytes = bytes,
    .exact_on_integers = cake_never_exact,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
