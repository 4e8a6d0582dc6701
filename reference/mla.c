/* mla: multi-head latent attention of DeepSeek-V2 (2024, section 2.1) and -V3, causal
 *
 *     q      = wq_b rms_norm(wq_a x)         per head qn, and qr turned by its position (rope.c, interleaved)
 *     (a, b) = wkv_a x                       c = rms_norm(a), the latent; r = b turned, one for all heads
 *     score  = (qn . wk c_j + qr . r_j) / sqrt(nope_dim + rope_dim)
 *     y      = wo [per head: sum over j of softmax(score)[j] wv c_j]
 *
 * What is kept of a position is c and r alone; with past > 0 they come as an input. Prefill is past=0, decoding
 * len=1.
 *
 * Error: latent.c. */
#include "reference/latent.h"

#include <string.h>

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_mla, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_mla, len, NULL, 1, CAKE_WINDOW_MAX, "positions of x"),
    CAKE_SIZE_ROW(cake_mla, past, "0", 0, CAKE_WINDOW_MAX, "positions before them, given by their latents"),
    CAKE_SIZE_ROW(cake_mla, model, NULL, 1, CAKE_EXTENT_MAX, "features of a position"),
    CAKE_SIZE_ROW(cake_mla, heads, NULL, 1, CAKE_WINDOW_MAX, "heads"),
    CAKE_SIZE_ROW(cake_mla, q_lora, "0", 0, CAKE_WINDOW_MAX, "length of the queries' latent; 0: none"),
    CAKE_SIZE_ROW(cake_mla, kv_lora, NULL, 1, CAKE_WINDOW_MAX, "length of the keys' and values' latent"),
    CAKE_SIZE_ROW(cake_mla, nope_dim, NULL, 1, CAKE_WINDOW_MAX, "length of a head's query without position"),
    CAKE_SIZE_ROW(cake_mla, rope_dim, NULL, 2, CAKE_WINDOW_MAX, "even; length of its rotary part"),
    CAKE_SIZE_ROW(cake_mla, v_dim, NULL, 1, CAKE_WINDOW_MAX, "length of a head's value"),
    CAKE_REAL_ROW(cake_mla, eps, "1e-6", 0, 1, "of the norms"),
    CAKE_REAL_ROW(cake_mla, base, "10000", 1, 1e9, "of the rotary part"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    if (cake_latent_validate(params, error) != CAKE_OK)
        return CAKE_E_USAGE;
    return cake_validate_tensors(&cake_op_mla, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_mla *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->model});
    if (p->past > 0)
        cake_tensor_add(list, "cache", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->past, cake_latent_key_cols(p)});
    cake_latent_tensors(p, list);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->len, p->model});
}

static double flops(const void *params)
{
    return cake_latent_flops(params);
}

static cake_latent latent_of(const cake_reference *reference)
{
    const cake_mla *p = reference->params;

    return cake_latent_of(p, reference->values + (p->past > 0 ? 2 : 1), reference->u);
}

static void make_keys(const cake_reference *reference, int64_t row, cake_stage *to)
{
    const cake_mla *p = reference->params;
    const cake_latent latent = latent_of(reference);
    int64_t kv_len = p->past + p->len;

    for (int64_t r = 0; r < to->rows; r++) {
        int64_t b = (row + r) / kv_len, at = (row + r) % kv_len;
        cake_stage key = cake_stage_rows(to, r, 1), x;

        if (at < p->past) {
            memcpy(key.value, reference->values[1] + (b * p->past + at) * to->cols,
                   (size_t)to->cols * sizeof(double));
            continue;
        }
        x = cake_stage_of(reference->values[0] + (b * p->len + at - p->past) * p->model, 1, p->model);
        cake_latent_key(&latent, &x, at, &key);
        cake_stage_end(&x);
    }
}

static cake_stage make_rows(const cake_reference *reference, int64_t row, int64_t rows, const cake_stage *from)
{
    const cake_mla *p = reference->params;
    const cake_latent latent = latent_of(reference);
    cake_stage x = cake_stage_of(reference->values[0] + row * p->model, rows, p->model);
    cake_stage y = cake_latent_rows(&latent, &x, row % p->len, from);

    cake_stage_end(&x);
    return y;
}

static int64_t touched(const cake_reference *reference, cake_place changed)
{
    const cake_mla *p = reference->params;
    int64_t row = changed.element / (changed.tensor == 0 ? p->model : cake_latent_key_cols(p));

    if (changed.tensor == 0)
        return row / p->len * (p->past + p->len) + p->past + row % p->len;
    return row / p->past * (p->past + p->len) + row % p->past;
}

static cake_sequence sequence_of(const void *params)
{
    const cake_mla *p = params;

    return (cake_sequence){.batch = p->batch,
                           .q_len = p->len,
                           .kv_len = p->past + p->len,
                           .key_cols = cake_latent_key_cols(p),
                           .out_cols = p->model,
                           .keys = make_keys,
                           .rows = make_rows,
                           .touched = touched};
}

static int64_t blocks(const void *params)
{
    const cake_mla *p = params;

    return cake_sequence_blocks(p->batch, p->len);
}

/* Any word of x at the element's position. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_mla *p = reference->params;
    int64_t row = output.element / p->model;

    return (cake_place){0, row * p->model + (int64_t)cake_random_below(random, (uint64_t)p->model)};
}

const cake_op cake_op_mla = {
    .name = "mla",
    .family = "attention",
    .summary = "multi-head latent attention of DeepSeek: prefill, or decoding with a cache",
    .params_size = sizeof(cake_mla),
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
