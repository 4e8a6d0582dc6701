/* mha: multi-head attention with its projections (Vaswani et al. 2017, 3.2.2; grouped queries: Ainslie et al. 2023)
 *
 *     q = x wqT + bq   k = m wkT + bk   v = m wvT + bv      m = x, or the memory of cross-attention
 *     y = [attention of head 0, head 1, ...] woT + bo       attention.c
 *
 * PyTorch: torch.nn.MultiheadAttention, its in_proj_weight cut in three.
 *
 * Error: each stage carries on the errors of those before it (carry.h, stage.c). */
#include "reference/heads.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_mha, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_mha, q_len, NULL, 1, CAKE_EXTENT_MAX, "positions of x"),
    CAKE_FLAG_ROW(cake_mha, cross, "0", "1: keys and values come from memory"),
    CAKE_SIZE_ROW(cake_mha, kv_len, "0", 0, CAKE_EXTENT_MAX, "positions of memory; 0: q_len"),
    CAKE_SIZE_ROW(cake_mha, model, NULL, 1, CAKE_EXTENT_MAX, "features of a position"),
    CAKE_SIZE_ROW(cake_mha, heads, NULL, 1, CAKE_WINDOW_MAX, "query heads"),
    CAKE_SIZE_ROW(cake_mha, kv_heads, "0", 0, CAKE_WINDOW_MAX, "key-value heads; 0: as many as heads"),
    CAKE_SIZE_ROW(cake_mha, head_dim, "0", 0, CAKE_WINDOW_MAX, "length of a head's query; 0: model / heads"),
    CAKE_CHOICE_ROW(cake_mha, causal, "no", "query i sees keys: all; 0 .. i; 0 .. i + kv_len - q_len", "no",
                    "upper_left", "lower_right"),
    CAKE_FLAG_ROW(cake_mha, bias, "0", "1: the projections have biases"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    cake_mha *p = params;

    p->kv_len = p->kv_len ? p->kv_len : p->q_len;
    if (!p->cross && p->kv_len != p->q_len)
        return cake_fail(error, CAKE_E_USAGE, "kv_len is for cross=1; found kv_len=%lld with q_len=%lld",
                         (long long)p->kv_len, (long long)p->q_len);
    if (p->causal == CAKE_CAUSAL_LOWER_RIGHT && p->kv_len < p->q_len)
        return cake_fail(error, CAKE_E_USAGE, "causal=lower_right needs kv_len >= q_len=%lld, found kv_len=%lld",
                         (long long)p->q_len, (long long)p->kv_len);
    if (cake_heads_validate(p->model, p->heads, &p->kv_heads, &p->head_dim, error) != CAKE_OK)
        return CAKE_E_USAGE;
    return cake_validate_tensors(&cake_op_mha, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_mha *p = params;
    int64_t all = p->heads * p->head_dim, shared = p->kv_heads * p->head_dim;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->q_len, p->model});
    if (p->cross)
        cake_tensor_add(list, "memory", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->kv_len, p->model});
    cake_weight_add(list, "wq", all, p->model);
    cake_weight_add(list, "wk", shared, p->model);
    cake_weight_add(list, "wv", shared, p->model);
    cake_weight_add(list, "wo", p->model, all);
    if (p->bias) {
        cake_tensor_add(list, "bq", CAKE_ROLE_CONSTANT, 1, &all);
        cake_tensor_add(list, "bk", CAKE_ROLE_CONSTANT, 1, &shared);
        cake_tensor_add(list, "bv", CAKE_ROLE_CONSTANT, 1, &shared);
        cake_tensor_add(list, "bo", CAKE_ROLE_CONSTANT, 1, &p->model);
    }
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->q_len, p->model});
}

static cake_heads heads_of(const cake_mha *p, double *const *values, double u)
{
    double *const *w = values ? values + 1 + p->cross : NULL;
    cake_heads h = {.q_len = p->q_len,
                    .kv_len = p->kv_len,
                    .heads = p->heads,
                    .kv_heads = p->kv_heads,
                    .head_dim = p->head_dim,
                    .model = p->model,
                    .causal = p->causal,
                    .u = u};

    if (!w)
        return h;
    h.wq = w[0], h.wk = w[1], h.wv = w[2], h.wo = w[3];
    if (p->bias)
        h.bq = w[4], h.bk = w[5], h.bv = w[6], h.bo = w[7];
    return h;
}

static double flops(const void *params)
{
    const cake_mha *p = params;
    cake_heads h = heads_of(p, NULL, 0);

    return cake_heads_flops(&h, p->batch);
}

static void make_keys(const cake_reference *reference, int64_t row, cake_stage *to)
{
    const cake_mha *p = reference->params;
    cake_heads h = heads_of(p, reference->values, reference->u);
    cake_stage x = cake_stage_of(reference->values[p->cross] + row * p->model, to->rows, p->model);

    cake_heads_keys(&h, &x, row, to);
    cake_stage_end(&x);
}

static cake_stage make_rows(const cake_reference *reference, int64_t row, int64_t rows, const cake_stage *from)
{
    const cake_mha *p = reference->params;
    cake_heads h = heads_of(p, reference->values, reference->u);
    cake_stage x = cake_stage_of(reference->values[0] + row * p->model, rows, p->model);
    cake_stage y = cake_heads_rows(&h, &x, row, from);

    cake_stage_end(&x);
    return y;
}

static int64_t touched(const cake_reference *reference, cake_place changed)
{
    const cake_mha *p = reference->params;

    return changed.tensor == p->cross ? changed.element / p->model : -1;
}

static cake_sequence sequence_of(const void *params)
{
    const cake_mha *p = params;

    return (cake_sequence){.batch = p->batch,
                           .q_len = p->q_len,
                           .kv_len = p->kv_len,
                           .key_cols = 2 * p->kv_heads * p->head_dim,
                           .out_cols = p->model,
                           .keys = make_keys,
                           .rows = make_rows,
                           .touched = touched};
}

static int64_t blocks(const void *params)
{
    const cake_mha *p = params;

    return cake_sequence_blocks(p->batch, p->q_len);
}

/* A word of x in the element's own row, or of a row of memory that it sees: every output feels each. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_mha *p = reference->params;
    int64_t row = output.element / p->model, word = (int64_t)cake_random_below(random, (uint64_t)p->model), n;

    if (!p->cross)
        return (cake_place){0, row * p->model + word};
    n = cake_visible_keys(p->causal, p->q_len, p->kv_len, row % p->q_len);
    row = row / p->q_len * p->kv_len + (int64_t)cake_random_below(random, (uint64_t)n);
    return (cake_place){1, row * p->model + word};
}

const cake_op cake_op_mha = {
    .name = "mha",
    .family = "attention",
    .summary = "multi-head self- or cross-attention with its projections",
    .params_size = sizeof(cake_mha),
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
