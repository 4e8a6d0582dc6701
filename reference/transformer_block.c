/* transformer_block: a layer of a Transformer (Vaswani et al. 2017, 3.1), self-attention and a feed-forward network:
 *
 *     post-norm   h = norm1(x + attention(x))     y = norm2(h + ffn(h))       Vaswani et al., BERT
 *     pre-norm    h = x + attention(norm1(x))     y = h + ffn(norm2(h))       Xiong et al. 2020, GPT-2, Llama
 *
 * attention is that of mha.c, with rotated queries and keys if rotary (rope.c); the norms are layer_norm.c's or
 * rms_norm.c's; ffn(h) = f(h w1T + b1) w2T + b2, or SwiGLU (Shazeer 2020): (silu(h gT) (h uT)) w2T, where w1 is g
 * above u.
 *
 * Error: each stage carries on the errors of those before it (carry.h, stage.c). */
#include "reference/heads.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_transformer_block, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_transformer_block, len, NULL, 1, CAKE_EXTENT_MAX, "positions"),
    CAKE_SIZE_ROW(cake_transformer_block, model, NULL, 1, CAKE_EXTENT_MAX, "features of a position"),
    CAKE_SIZE_ROW(cake_transformer_block, heads, NULL, 1, CAKE_WINDOW_MAX, "query heads"),
    CAKE_SIZE_ROW(cake_transformer_block, kv_heads, "0", 0, CAKE_WINDOW_MAX, "key-value heads; 0: as many as heads"),
    CAKE_SIZE_ROW(cake_transformer_block, head_dim, "0", 0, CAKE_WINDOW_MAX, "length of a head; 0: model / heads"),
    CAKE_SIZE_ROW(cake_transformer_block, ffn, NULL, 1, CAKE_EXTENT_MAX,
                  "features inside of the feed-forward network"),
    CAKE_CHOICE_ROW(cake_transformer_block, norm, "post", "where the norms stand", "post", "pre"),
    CAKE_CHOICE_ROW(cake_transformer_block, norm_kind, "layer", "which norm", "layer", "rms"),
    CAKE_CHOICE_ROW(cake_transformer_block, ffn_kind, "gelu", "the network's function", "relu", "gelu", "gelu_tanh",
                    "swiglu"),
    CAKE_CHOICE_ROW(cake_transformer_block, causal, "no", "upper_left (or lower_right): position i sees 0 .. i", "no",
                    "upper_left", "lower_right"),
    CAKE_CHOICE_ROW(cake_transformer_block, rotary, "no", "rotary positions, and which elements are pairs", "no",
                    "interleaved", "half"),
    CAKE_FLAG_ROW(cake_transformer_block, bias, "0", "1: projections and network have biases"),
    CAKE_REAL_ROW(cake_transformer_block, eps, "1e-5", 0, 1, "of the norms"),
    CAKE_REAL_ROW(cake_transformer_block, base, "10000", 1, 1e9, "of rotary positions"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    cake_transformer_block *p = params;

    if (cake_heads_validate(p->model, p->heads, &p->kv_heads, &p->head_dim, error) != CAKE_OK)
        return CAKE_E_USAGE;
    if (p->rotary != CAKE_ROTARY_NO && p->head_dim % 2 != 0)
        return cake_fail(error, CAKE_E_USAGE, "rotary needs an even head_dim, found head_dim=%lld",
                         (long long)p->head_dim);
    return cake_validate_tensors(&cake_op_transformer_block, p, error);
}

/* Constants, in the order of the list. */
enum { WQKV = 1, WO, W1, W2, SCALE1, SCALE2, OPTIONAL };

static int64_t rows_of_w1(const cake_transformer_block *p)
{
    return p->ffn_kind == CAKE_FFN_SWIGLU ? 2 * p->ffn : p->ffn;
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_transformer_block *p = params;
    int64_t all = p->heads * p->head_dim, qkv = all + 2 * p->kv_heads * p->head_dim, hidden = rows_of_w1(p);

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->model});
    cake_weight_add(list, "wqkv", qkv, p->model);
    cake_weight_add(list, "wo", p->model, all);
    cake_weight_add(list, "w1", hidden, p->model);
    cake_weight_add(list, "w2", p->model, p->ffn);
    cake_tensor_add(list, "scale1", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    cake_tensor_add(list, "scale2", CAKE_ROLE_CONSTANT, 1, &p->model)->fill = CAKE_FILL_POSITIVE;
    if (p->norm_kind == CAKE_NORM_LAYER) {
        cake_tensor_add(list, "shift1", CAKE_ROLE_CONSTANT, 1, &p->model);
        cake_tensor_add(list, "shift2", CAKE_ROLE_CONSTANT, 1, &p->model);
    }
    if (p->bias) {
        cake_tensor_add(list, "bqkv", CAKE_ROLE_CONSTANT, 1, &qkv);
        cake_tensor_add(list, "bo", CAKE_ROLE_CONSTANT, 1, &p->model);
        cake_tensor_add(list, "b1", CAKE_ROLE_CONSTANT, 1, &hidden);
        cake_tensor_add(list, "b2", CAKE_ROLE_CONSTANT, 1, &p->model);
    }
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->len, p->model});
}

typedef struct block_data {
    const cake_transformer_block *p;
    cake_heads heads;
    const double *x, *w1, *w2, *b1, *b2, *scale[2], *shift[2];
    double u;
} block_data;

static cake_heads heads_of(const cake_transformer_block *p)
{
    return (cake_heads){.q_len = p->len,
                        .kv_len = p->len,
                        .heads = p->heads,
                        .kv_heads = p->kv_heads,
                        .head_dim = p->head_dim,
                        .model = p->model,
                        .causal = p->causal,
                        .rotary = p->rotary,
                        .base = p->base};
}

static block_data data_of(const cake_reference *reference)
{
    const cake_transformer_block *p = reference->params;
    double *const *v = reference->values;
    int64_t all = p->heads * p->head_dim, shared = p->kv_heads * p->head_dim;
    int next = OPTIONAL;
    block_data d = {.p = p,
                    .heads = heads_of(p),
                    .x = v[0],
                    .w1 = v[W1],
                    .w2 = v[W2],
                    .scale = {v[SCALE1], v[SCALE2]},
                    .u = reference->u};

    d.heads.u = reference->u;
    d.heads.wq = v[WQKV];
    d.heads.wk = d.heads.wq + all * p->model;
    d.heads.wv = d.heads.wk + shared * p->model;
    d.heads.wo = v[WO];
    if (p->norm_kind == CAKE_NORM_LAYER) {
        d.shift[0] = v[next++];
        d.shift[1] = v[next++];
    }
    if (p->bias) {
        d.heads.bq = v[next++];
        d.heads.bk = d.heads.bq + all;
        d.heads.bv = d.heads.bk + shared;
        d.heads.bo = v[next++];
        d.b1 = v[next++];
        d.b2 = v[next];
    }
    return d;
}

static double flops(const void *params)
{
    const cake_transformer_block *p = params;
    cake_heads h = heads_of(p);

    return cake_heads_flops(&h, p->batch) +
           2 * (double)p->batch * (double)p->len * (double)p->model * (double)(rows_of_w1(p) + p->ffn);
}

/* What attention sees of rows row .. of x. */
static cake_stage before_attention(const block_data *d, int64_t row, int64_t rows)
{
    cake_stage x = cake_stage_of(d->x + row * d->p->model, rows, d->p->model), z;

    if (d->p->norm == CAKE_NORM_POST)
        return x;
    z = cake_stage_norm(&x, d->scale[0], d->shift[0], d->p->eps, d->u);
    cake_stage_end(&x);
    return z;
}

static cake_stage feed_forward(const block_data *d, const cake_stage *x)
{
    static const int32_t kinds[] = {CAKE_ACTIVATION_RELU, CAKE_ACTIVATION_GELU, CAKE_ACTIVATION_GELU_TANH};
    cake_stage hidden = cake_stage_linear(x, d->w1, d->b1, rows_of_w1(d->p), d->u), y;

    if (d->p->ffn_kind == CAKE_FFN_SWIGLU) {
        cake_stage gated = cake_stage_swiglu(&hidden, d->u);

        cake_stage_end(&hidden);
        hidden = gated;
    } else {
        cake_stage_activate(&hidden, kinds[d->p->ffn_kind], d->u);
    }
    y = cake_stage_linear(&hidden, d->w2, d->b2, d->p->model, d->u);
    cake_stage_end(&hidden);
    return y;
}

static void make_keys(const cake_reference *reference, int64_t row, cake_stage *to)
{
    block_data d = data_of(reference);
    cake_stage z = before_attention(&d, row, to->rows);

    cake_heads_keys(&d.heads, &z, row, to);
    cake_stage_end(&z);
}

static cake_stage make_rows(const cake_reference *reference, int64_t row, int64_t rows, const cake_stage *from)
{
    block_data d = data_of(reference);
    cake_stage z = before_attention(&d, row, rows), h = cake_stage_of(d.x + row * d.p->model, rows, d.p->model);
    cake_stage attended = cake_heads_rows(&d.heads, &z, row, from), y, fed;

    cake_stage_end(&z);
    cake_stage_add(&h, &attended, d.u);
    cake_stage_end(&attended);
    /* The norm behind the attention: post-norm's first, pre-norm's second. */
    z = cake_stage_norm(&h, d.scale[d.p->norm], d.shift[d.p->norm], d.p->eps, d.u);
    fed = feed_forward(&d, &z);
    if (d.p->norm == CAKE_NORM_PRE) {
        cake_stage_add(&h, &fed, d.u);
        cake_stage_end(&z);
        y = h;
    } else {
        cake_stage_add(&z, &fed, d.u);
        y = cake_stage_norm(&z, d.scale[1], d.shift[1], d.p->eps, d.u);
        cake_stage_end(&z);
        cake_stage_end(&h);
    }
    cake_stage_end(&fed);
    return y;
}

static int64_t touched(const cake_reference *reference, cake_place changed)
{
    const cake_transformer_block *p = reference->params;

    return changed.element / p->model;
}

static cake_sequence sequence_of(const void *params)
{
    const cake_transformer_block *p = params;

    return (cake_sequence){.batch = p->batch,
                           .q_len = p->len,
                           .kv_len = p->len,
                           .key_cols = 2 * p->kv_heads * p->head_dim,
                           .out_cols = p->model,
                           .keys = make_keys,
                           .rows = make_rows,
                           .touched = touched};
}

static int64_t blocks(const void *params)
{
    const cake_transformer_block *p = params;

    return cake_sequence_blocks(p->batch, p->len);
}

static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_transformer_block *p = reference->params;

    return cake_sequence_own_row(output, p->model, random);
}

const cake_op cake_op_transformer_block = {
    .name = "transformer_block",
    .family = "transformer",
    .summary = "attention and feed-forward network with residual connections and norms",
    .params_size = sizeof(cake_transformer_block),
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
