/* deepseek_block: a layer of DeepSeek-V2 and -V3, latent attention and a mixture of experts (prefill):
 *
 *     h = x + mla(rms_norm1(x))     y = h + moe(rms_norm2(h))
 *
 * mla.c and moe.c say what they compute. A row of h may stand so that rounding decides which experts it goes to; its
 * bound then covers both choices (experts.c).
 *
 * Error: each stage carries on the errors of those before it (carry.h, stage.c, latent.c, experts.c). */
#include "reference/experts.h"
#include "reference/latent.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_deepseek_block, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_deepseek_block, len, NULL, 1, CAKE_WINDOW_MAX, "positions"),
    CAKE_SIZE_ROW(cake_deepseek_block, model, NULL, 1, CAKE_EXTENT_MAX, "features of a position"),
    CAKE_SIZE_ROW(cake_deepseek_block, heads, NULL, 1, CAKE_WINDOW_MAX, "heads"),
    CAKE_SIZE_ROW(cake_deepseek_block, q_lora, "0", 0, CAKE_WINDOW_MAX, "length of the queries' latent; 0: none"),
    CAKE_SIZE_ROW(cake_deepseek_block, kv_lora, NULL, 1, CAKE_WINDOW_MAX, "length of the keys' and values' latent"),
    CAKE_SIZE_ROW(cake_deepseek_block, nope_dim, NULL, 1, CAKE_WINDOW_MAX, "length of a query without position"),
    CAKE_SIZE_ROW(cake_deepseek_block, rope_dim, NULL, 2, CAKE_WINDOW_MAX, "even; length of its rotary part"),
    CAKE_SIZE_ROW(cake_deepseek_block, v_dim, NULL, 1, CAKE_WINDOW_MAX, "length of a head's value"),
    CAKE_SIZE_ROW(cake_deepseek_block, ffn, NULL, 1, CAKE_WINDOW_MAX, "features inside of an expert"),
    CAKE_SIZE_ROW(cake_deepseek_block, experts, NULL, 1, CAKE_WINDOW_MAX, "experts to choose from"),
    CAKE_SIZE_ROW(cake_deepseek_block, top_k, NULL, 1, CAKE_WINDOW_MAX, "experts that a position goes to"),
    CAKE_SIZE_ROW(cake_deepseek_block, shared, "1", 0, CAKE_WINDOW_MAX, "experts that every position goes to"),
    CAKE_CHOICE_ROW(cake_deepseek_block, scoring, "sigmoid", "what makes scores of the gate's logits", "softmax",
                    "sigmoid"),
    CAKE_FLAG_ROW(cake_deepseek_block, normalize, "1", "1: the chosen scores are divided by their sum"),
    CAKE_REAL_ROW(cake_deepseek_block, route_scale, "1", 0, 1e3, "factor of the routed experts' sum"),
    CAKE_REAL_ROW(cake_deepseek_block, eps, "1e-6", 0, 1, "of the norms"),
    CAKE_REAL_ROW(cake_deepseek_block, base, "10000", 1, 1e9, "of the rotary part"),
    {.key = NULL},
};

static cake_mla mla_of(const cake_deepseek_block *p)
{
    return (cake_mla){.struct_size = sizeof(cake_mla),
                      .batch = p->batch,
                      .len = p->len,
                      .model = p->model,
                      .heads = p->heads,
                      .q_lora = p->q_lora,
                      .kv_lora = p->kv_lora,
                      .nope_dim = p->nope_dim,
                      .rope_dim = p->rope_dim,
                      .v_dim = p->v_dim,
                      .eps = p->eps,
                      .base = p->base};
}

static cake_moe moe_of(const cake_deepseek_block *p)
{
    return (cake_moe){.struct_size = sizeof(cake_moe),
                      .scoring = p->scoring,
                      .normalize = p->normalize,
                      .rows = p->batch * p->len,
                      .model = p->model,
                      .ffn = p->ffn,
                      .experts = p->experts,
                      .top_k = p->top_k,
                      .shared = p->shared,
                      .route_scale = p->route_scale};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_mla mla = mla_of(params);
    cake_moe moe = moe_of(params);

    if (cake_latent_validate(&mla, error) != CAKE_OK || cake_experts_validate(&moe, error) != CAKE_OK)
        return CAKE_E_USAGE;
    return cake_validate_tensors(&cake_op_deepseek_block, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_deepseek_block *p = params;
    cake_mla mla = mla_of(p);
    cake_moe moe = moe_of(p);

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->model});
    cake_tensor_add(list, "scale1", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    cake_latent_tensors(&mla, list);
    cake_tensor_add(list, "scale2", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    cake_experts_tensors(&moe, list);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->len, p->model});
}

static double flops(const void *params)
{
    cake_mla mla = mla_of(params);
    cake_moe moe = moe_of(params);

    return cake_latent_flops(&mla) + cake_experts_flops(&moe, moe.rows);
}

/* rms_norm1 of rows row .. of x. */
static cake_stage normed(const cake_reference *reference, int64_t row, int64_t rows)
{
    const cake_deepseek_block *p = reference->params;
    cake_stage x = cake_stage_of(reference->values[0] + row * p->model, rows, p->model);
    cake_stage z = cake_stage_norm(&x, reference->values[1], NULL, p->eps, reference->u);

    cake_stage_end(&x);
    return z;
}

static void make_keys(const cake_reference *reference, int64_t row, cake_stage *to)
{
    const cake_deepseek_block *p = reference->params;
    cake_mla mla = mla_of(p);
    cake_latent latent = cake_latent_of(&mla, reference->values + 2, reference->u);
    cake_stage z = normed(reference, row, to->rows);

    for (int64_t r = 0; r < to->rows; r++) {
        cake_stage one = cake_stage_rows(&z, r, 1), key = cake_stage_rows(to, r, 1);

        cake_latent_key(&latent, &one, (row + r) % p->len, &key);
    }
    cake_stage_end(&z);
}

static cake_stage make_rows(const cake_reference *reference, int64_t row, int64_t rows, const cake_stage *from)
{
    const cake_deepseek_block *p = reference->params;
    double *const *scale2 = reference->values + 2 + (p->q_lora > 0 ? 7 : 5), *const *v = scale2 + 1, u = reference->u;
    cake_mla mla = mla_of(p);
    cake_moe moe = moe_of(p);
    cake_latent latent = cake_latent_of(&mla, reference->values + 2, u);
    cake_experts experts = {.p = &moe, .gate = v[0], .w1 = v[1], .w2 = v[2], .u = u};
    cake_stage z = normed(reference, row, rows), attended = cake_latent_rows(&latent, &z, row % p->len, from), mixed;
    cake_stage h = cake_stage_of(reference->values[0] + row * p->model, rows, p->model);

    if (p->shared > 0)
        experts.s1 = v[3], experts.s2 = v[4];
    cake_stage_end(&z);
    cake_stage_add(&h, &attended, u);
    z = cake_stage_norm(&h, *scale2, NULL, p->eps, u);
    mixed = cake_experts_rows(&experts, &z);
    cake_stage_add(&h, &mixed, u);
    cake_stage_end(&z);
    cake_stage_end(&attended);
    cake_stage_end(&mixed);
    return h;
}

static int64_t touched(const cake_reference *reference, cake_place changed)
{
    const cake_deepseek_block *p = reference->params;

    return changed.element / p->model;
}

static cake_sequence sequence_of(const cake_reference *reference)
{
    const cake_deepseek_block *p = reference->params;

    return (cake_sequence){.batch = p->batch,
                           .q_len = p->len,
                           .kv_len = p->len,
                           .key_cols = p->kv_lora + p->rope_dim,
                           .out_cols = p->model,
                           .keys = make_keys,
                           .rows = make_rows,
                           .touched = touched};
}

static int64_t blocks(const void *params)
{
    const cake_deepseek_block *p = params;

    return cake_sequence_blocks(p->batch, p->len);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    cake_sequence sequence = sequence_of(reference);

    cake_sequence_block(reference, &sequence, index, expected);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    cake_sequence sequence = sequence_of(reference);

    return cake_sequence_element(reference, &sequence, changed, output);
}

static cake_status prepare(cake_reference *reference, cake_error *error)
{
    cake_sequence sequence = sequence_of(reference);

    return cake_sequence_prepare(reference, &sequence, error);
}

/* A word of x at the element's position: its own, which the residual connections lead straight to it, or any other.
 */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_deepseek_block *p = reference->params;
    int64_t row = output.element / p->model, word = (int64_t)cake_random_below(random, (uint64_t)p->model);

    if (cake_random_below(random, 2) == 0)
        word = output.element % p->model;
    return (cake_place){0, row * p->model + word};
}

const cake_op cake_op_deepseek_block = {
    .name = "deepseek_block",
    .family = "transformer",
    .summary = "a layer of DeepSeek: latent attention and a mixture of experts",
    .params_size = sizeof(cake_deepseek_block),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = cake_never_exact,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
    .prepare = prepare,
    .release = cake_sequence_release,
};
