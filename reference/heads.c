#include "reference/heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cake_status cake_heads_validate(int64_t model, int64_t heads, int64_t *kv_heads, int64_t *head_dim, cake_error *error)
{
    *kv_heads = *kv_heads ? *kv_heads : heads;
    if (heads % *kv_heads != 0)
        return cake_fail(error, CAKE_E_USAGE, "kv_heads must divide heads=%lld, found kv_heads=%lld",
                         (long long)heads, (long long)*kv_heads);
    if (*head_dim == 0 && model % heads != 0)
        return cake_fail(error, CAKE_E_USAGE,
                         "heads must divide model=%lld where head_dim is left out, found heads=%lld",
                         (long long)model, (long long)heads);
    *head_dim = *head_dim ? *head_dim : model / heads;
    return CAKE_OK;
}

static void rotate(const cake_heads *h, cake_stage *x, int64_t heads, int64_t row, int64_t len)
{
    int32_t style = h->rotary == CAKE_ROTARY_HALF ? CAKE_ROPE_HALF : CAKE_ROPE_INTERLEAVED;

    if (h->rotary == CAKE_ROTARY_NO)
        return;
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t i = 0; i < heads; i++)
            cake_stage_rotate(x, r, i * h->head_dim, h->head_dim, style, (row + r) % len, h->base, h->u);
}

/* Columns of `from` into those of `to` from `begin` on. */
static void copy_columns(const cake_stage *from, cake_stage *to, int64_t begin)
{
    size_t size = (size_t)from->cols * sizeof(double);

    for (int64_t r = 0; r < from->rows; r++) {
        memcpy(to->value + r * to->cols + begin, from->value + r * from->cols, size);
        memcpy(to->bound + r * to->cols + begin, from->bound + r * from->cols, size);
    }
}

void cake_heads_keys(const cake_heads *h, const cake_stage *x, int64_t row, cake_stage *keys)
{
    int64_t cols = h->kv_heads * h->head_dim;
    cake_stage k = cake_stage_linear(x, h->wk, h->bk, cols, h->u), v = cake_stage_linear(x, h->wv, h->bv, cols, h->u);

    rotate(h, &k, h->kv_heads, row, h->kv_len);
    copy_columns(&k, keys, 0);
    copy_columns(&v, keys, cols);
    cake_stage_end(&k);
    cake_stage_end(&v);
}

cake_stage cake_heads_rows(const cake_heads *h, const cake_stage *x, int64_t row, const cake_stage *keys)
{
    int64_t d = h->head_dim, group = h->heads / h->kv_heads, stride = keys->cols;
    cake_stage q = cake_stage_linear(x, h->wq, h->bq, h->heads * d, h->u),
               all = cake_stage_begin(x->rows, h->heads * d);
    cake_stage y;
    double *weight = cake_scratch(2 * h->kv_len), *relative = weight + h->kv_len;
    cake_expected *out = cake_scratch_expected(d);

    rotate(h, &q, h->heads, row, h->q_len);
    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t i = 0; i < h->heads; i++) {
            int64_t n = cake_visible_keys(h->causal, h->q_len, h->kv_len, (row + r) % h->q_len);
            int64_t at = (r * h->heads + i) * d, k = i / group * d, v = k + h->kv_heads * d;

            cake_stage_weigh(q.value + at, q.bound + at, keys->value + k, keys->bound + k, n, stride, d,
                             1 / sqrt((double)d), h->u, weight, relative);
            cake_carry_mean(weight, relative, keys->value + v, keys->bound + v, n, stride, d, h->u, out);
            for (int64_t c = 0; c < d; c++) {
                all.value[at + c] = out[c].value;
                all.bound[at + c] = out[c].bound;
            }
        }
    y = cake_stage_linear(&all, h->wo, h->bo, h->model, h->u);
    cake_stage_end(&q);
    cake_stage_end(&all);
    free(weight);
    free(out);
    return y;
}

double cake_heads_flops(const cake_heads *h, int64_t batch)
{
    double d = (double)h->head_dim, heads = (double)h->heads, kv_heads = (double)h->kv_heads,
           model = (double)h->model;
    double projections = 2 * (double)h->q_len * heads * d * model + 2 * (double)h->kv_len * kv_heads * d * model;

    return (double)batch * (2 * projections + 4 * heads * d * cake_visible_pairs(h->causal, h->q_len, h->kv_len));
}
