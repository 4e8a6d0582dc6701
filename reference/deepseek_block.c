/* deepseek_block: a layer of DeepSeek-V2 and -V3, latent attention and a mixture of experts (prefill):
 *
 *     h = x + mla(rms_norm1(x))     y = h + moe(rms_norm2(h))
 *
 * mla.c and moe.c say what they compute. A row of h may stand so that rounding decides which experts it goes to; its
 * bound then covers both choices (experts.c).
 *
 * Error: each stage carries on the errors of those before it (carry.h, stage.c, latent.c, experts.c). */
#include "layercake/deepseek.h"
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

static cake_status validate(void *params, cake_error *error)
{
    cake_mla mla = cake_deepseek_block_mla(params);
    cake_moe moe = cake_deepseek_block_moe(params);

    if (cake_latent_validate(&mla, error) != CAKE_OK || cake_experts_validate(&moe, error) != CAKE_OK)
        return CAKE_E_USAGE;
    return cake_validate_tensors(&cake_op_deepseek_block, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_deepseek_block *p = params;
    cake_mla mla = cake_deepseek_block_mla(p);
    cake_moe moe = cake_deepseek_block_moe(p);

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->model});
    cake_tensor_add(list, "scale1", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    cake_latent_tensors(&mla, list);
    cake_tensor_add(list, "scale2", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    cake_experts_tensors(&moe, list);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->len, p->model});
}

static double flops(const void *params)
{
    cake_mla mla = cake_deepseek_block_mla(params);
    cake_moe moe = cake_deepseek_block_moe(params);

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
    cake_mla mla = cake_deepseek_block_mla(p);
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
    double *const *scale2 = reference->values + 2 + cake_deepseek_block_mla_constants(p), *const *v = scale2 + 1,
                  u = reference->u;
    cake_mla mla = cake_deepseek_block_mla(p);
    cake_moe moe = cake_deepseek_block_moe(p);
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

static cake_sequence sequence_of(const void *params)
{
    const cake_deepseek_block *p = params;

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

static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_deepseek_block *p = reference->params;

    return cake_sequence_own_row(output, p->model, random);
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
    .block = cake_sequence_block,
    .element = cake_sequence_element,
    .influence = influence,
    .prepare = cake_sequence_prepare,
    .release = cake_sequence_release,
    .sequence = sequence_of,
};
