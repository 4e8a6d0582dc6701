/* attention: scaled dot-product attention of Vaswani et al. 2017 ("Attention is all you need", 3.2.1)
 *
 *     y[i] = sum over the keys j that query i sees of  w[i,j] v[j]
 *     w[i,.] = softmax over those j of  scale q[i] . k[j] + mask[i,j]
 *
 * for each batch and head; heads / kv_heads neighbouring heads share a key-value head (Ainslie et al. 2023: grouped
 * queries; kv_heads = 1: Shazeer 2019). A key whose mask is -infinity is not seen. A query that sees no key gives 0.
 *
 * Error: a score is a dot product of head_dim terms, scaled, and the mask added:
 *     |ds| <= |scale| c(head_dim) u sum |q k| + 4 u (|s| + |m|)
 * (4: a scale folded into q, or multiplied by log2 e for a base-2 exp, rounds a few times). carry.c takes it through
 * exp and the weighted mean. Nothing is assumed of the order of summation, nor of how many maxima an online
 * softmax passes through: a rescaling multiplies numerator and denominator alike. */
#include <math.h>
#include <stdlib.h>

#include "reference/sequence.h"

enum { Q, K, V, MASK }; /* tensors in the list; y is the last */
enum { ROWS_PER_BLOCK = 32 };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_attention, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_attention, heads, NULL, 1, CAKE_EXTENT_MAX, "query heads"),
    CAKE_SIZE_ROW(cake_attention, kv_heads, "0", 0, CAKE_EXTENT_MAX, "key-value heads; 0: as many as heads"),
    CAKE_SIZE_ROW(cake_attention, q_len, NULL, 1, CAKE_EXTENT_MAX, "queries"),
    CAKE_SIZE_ROW(cake_attention, kv_len, "0", 0, CAKE_EXTENT_MAX, "keys; 0: as many as queries"),
    CAKE_SIZE_ROW(cake_attention, head_dim, NULL, 1, CAKE_EXTENT_MAX, "length of a query and of a key"),
    CAKE_SIZE_ROW(cake_attention, v_dim, "0", 0, CAKE_EXTENT_MAX, "length of a value; 0: head_dim"),
    CAKE_CHOICE_ROW(cake_attention, causal, "no", "query i sees keys: all; 0 .. i; 0 .. i + kv_len - q_len", "no",
                    "upper_left", "lower_right"),
    CAKE_FLAG_ROW(cake_attention, mask, "0", "1: add mask to the scores"),
    CAKE_REAL_ROW(cake_attention, scale, "0", 0, 1e6, "of the scores; 0: 1 / sqrt(head_dim)"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    cake_attention *p = params;

    p->kv_heads = p->kv_heads ? p->kv_heads : p->heads;
    p->kv_len = p->kv_len ? p->kv_len : p->q_len;
    p->v_dim = p->v_dim ? p->v_dim : p->head_dim;
    p->scale = p->scale > 0 ? p->scale : 1 / sqrt((double)p->head_dim);
    if (p->heads % p->kv_heads != 0)
        return cake_fail(error, CAKE_E_USAGE, "kv_heads must divide heads=%lld, found kv_heads=%lld",
                         (long long)p->heads, (long long)p->kv_heads);
    if (p->causal == CAKE_CAUSAL_LOWER_RIGHT && p->kv_len < p->q_len)
        return cake_fail(error, CAKE_E_USAGE,
                         "causal=lower_right needs kv_len >= q_len=%lld, or the first queries see nothing; found "
                         "kv_len=%lld",
                         (long long)p->q_len, (long long)p->kv_len);
    return cake_validate_tensors(&cake_op_attention, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_attention *p = params;

    cake_tensor_add(list, "q", CAKE_ROLE_INPUT, 4, (int64_t[]){p->batch, p->heads, p->q_len, p->head_dim})->scale = 2;
    cake_tensor_add(list, "k", CAKE_ROLE_INPUT, 4, (int64_t[]){p->batch, p->kv_heads, p->kv_len, p->head_dim});
    cake_tensor_add(list, "v", CAKE_ROLE_INPUT, 4, (int64_t[]){p->batch, p->kv_heads, p->kv_len, p->v_dim});
    if (p->mask)
        cake_tensor_add(list, "mask", CAKE_ROLE_INPUT, 2, (int64_t[]){p->q_len, p->kv_len})->fill = CAKE_FILL_MASK;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->batch, p->heads, p->q_len, p->v_dim});
}

/* The two products, for the keys that are seen only; the softmax's few operations a score are not counted, as is
 * the custom. */
static double flops(const void *params)
{
    const cake_attention *p = params;
    double seen = cake_visible_pairs(p->causal, p->q_len, p->kv_len);

    return 2 * (double)p->batch * (double)p->heads * seen * (double)(p->head_dim + p->v_dim);
}

/* One query's weights over the keys it sees; returns their number. weight, relative [kv_len]. `row` counts over
 * batch, head and query. */
static int64_t weigh(const cake_reference *reference, int64_t row, double *weight, double *relative)
{
    const cake_attention *p = reference->params;
    int64_t i = row % p->q_len, head = row / p->q_len, n = cake_visible_keys(p->causal, p->q_len, p->kv_len, i);
    int64_t kv_head = head / (p->heads / p->kv_heads);
    const double *q = reference->values[Q] + row * p->head_dim;
    const double *k = reference->values[K] + kv_head * p->kv_len * p->head_dim;
    const double *mask = p->mask ? reference->values[MASK] + i * p->kv_len : NULL;
    double c = cake_bound_sum((double)p->head_dim, reference->u);

    for (int64_t j = 0; j < n; j++) {
        cake_carried dot = cake_carry_dot(q, k + j * p->head_dim, NULL, NULL, p->head_dim);
        double s = p->scale * dot.value, m = mask ? mask[j] : 0;

        weight[j] = s + m;
        relative[j] = m == -INFINITY ? 0 : p->scale * c * dot.magnitude + 4 * reference->u * (fabs(s) + fabs(m));
    }
    cake_carry_softmax(weight, relative, n, reference->u, weight, relative);
    return n;
}

/* Columns begin .. end-1 of a row of y. */
static void attend(const cake_reference *reference, int64_t row, int64_t begin, int64_t end, double *weight,
                   double *relative, cake_expected *y)
{
    const cake_attention *p = reference->params;
    int64_t kv_head = row / p->q_len / (p->heads / p->kv_heads);
    const double *v = reference->values[V] + kv_head * p->kv_len * p->v_dim;
    int64_t n = weigh(reference, row, weight, relative);

    cake_carry_mean(weight, relative, v + begin, NULL, n, p->v_dim, end - begin, reference->u, y);
    for (int64_t c = 0; c < end - begin; c++)
        y[c] = cake_expect(reference, y[c].value, y[c].bound);
}

static int64_t rows(const cake_attention *p)
{
    return p->batch * p->heads * p->q_len;
}

static int64_t blocks(const void *params)
{
    return cake_ceil_div(rows(params), ROWS_PER_BLOCK);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_attention *p = reference->params;
    int64_t begin = index * ROWS_PER_BLOCK, end = begin + ROWS_PER_BLOCK;
    double *weight = cake_scratch(2 * p->kv_len);

    end = end < rows(p) ? end : rows(p);
    for (int64_t row = begin; row < end; row++)
        attend(reference, row, 0, p->v_dim, weight, weight + p->kv_len, expected[0] + row * p->v_dim);
    free(weight);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_attention *p = reference->params;
    int64_t row = output.element / p->v_dim, column = output.element % p->v_dim;
    double *weight = cake_scratch(2 * p->kv_len);
    cake_expected y;

    (void)changed;
    attend(reference, row, column, column + 1, weight, weight + p->kv_len, &y);
    free(weight);
    return y;
}

/* A word that shows in the result: of the value of a key drawn by its weight, or of the query, as long as its scores
 * decide something: more than one key has a say. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_attention *p = reference->params;
    int64_t row = output.element / p->v_dim, column = output.element % p->v_dim, key = 0;
    int64_t kv_head = row / p->q_len / (p->heads / p->kv_heads);
    double *weight = cake_scratch(2 * p->kv_len), largest = 0, left = cake_random_real(random, 0, 1);
    int64_t n = weigh(reference, row, weight, weight + p->kv_len);

    for (int64_t j = 0; j < n; j++) {
        largest = fmax(largest, weight[j]);
        if (left >= 0 && weight[j] > 0)
            key = j;
        left -= weight[j];
    }
    free(weight);
    if (largest == 0)
        return (cake_place){.tensor = -1};
    if (largest < 0.5 && cake_random_below(random, 2) == 0)
        return (cake_place){Q, row * p->head_dim + (int64_t)cake_random_below(random, (uint64_t)p->head_dim)};
    return (cake_place){V, (kv_head * p->kv_len + key) * p->v_dim + column};
}

const cake_op cake_op_attention = {
    .name = "attention",
    .family = "attention",
    .summary = "scaled dot-product attention: softmax(scale q kT + mask) v",
    .params_size = sizeof(cake_attention),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = cake_never_exact,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
