/* attention: scaled dot-product attention of Vaswani et al. 2017 ("Attention is all you need", 3.2.1)
 *
 *     y[i] = sum over the keys j that query i sees of  w[i,j] v[j]
 *     w[i,.] = softmax over those j of  scale q[i] . k[j] + mask[i,j]
 *
 * for each batch and head; heads / kv_heads neighbouring heads share a key-value head (Ainslie et al. 2023: grouped
 * queries; kv_heads = 1: Shazeer 2019). A key whose mask is -infinity is not seen. A query that sees no key gives 0.
 * With a cap a score s becomes softcap tanh(s / softcap) (Gemma 2, Team 2024), before or after the mask is added.
 * The scores may be an output too, as they are at any of these steps.
 *
 * Error: a score is a dot product of head_dim terms, scaled, and the mask added:
 *     |ds| <= |scale| c(head_dim) u sum |q k| + 4 u (|s| + |m|)
 * (4: a scale folded into q, or multiplied by log2 e for a base-2 exp, rounds a few times). A cap's slope is at most
 * 1; the error of s / softcap is relative, and s (1 - tanh^2(s / softcap)) is no larger than the result. carry.c takes it through
 * exp and the weighted mean. Nothing is assumed of the order of summation, nor of how many maxima an online
 * softmax passes through: a rescaling multiplies numerator and denominator alike. */
#include <math.h>
#include <stdlib.h>

#include "reference/sequence.h"

enum { Q, K, V, MASK }; /* tensors in the list; then y, and s if there is one */
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
    CAKE_REAL_ROW(cake_attention, softcap, "0", 0, 1e6, "limit that the scores approach; 0: none"),
    CAKE_FLAG_ROW(cake_attention, mask_first, "0", "1: add the mask before the cap"),
    CAKE_CHOICE_ROW(cake_attention, scores, "no",
                    "scores as an output: as products, after the first and the second of cap and mask, as weights",
                    "no", "products", "step1", "step2", "weights"),
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
    if (p->scores && p->causal)
        return cake_fail(error, CAKE_E_USAGE, "scores as an output need causal=no (a mask can say the same)");
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
    if (p->scores)
        cake_tensor_add(list, "s", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->batch, p->heads, p->q_len, p->kv_len});
}

/* The two products, for the keys that are seen only; the softmax's few operations a score are not counted, as is
 * the custom. */
static double flops(const void *params)
{
    const cake_attention *p = params;
    double seen = cake_visible_pairs(p->causal, p->q_len, p->kv_len);

    return 2 * (double)p->batch * (double)p->heads * seen * (double)(p->head_dim + p->v_dim);
}

/* softcap tanh(s / softcap) */
static cake_expected cap(cake_expected s, double softcap, double u)
{
    cake_expected t;

    if (isinf(s.value))
        return (cake_expected){copysign(softcap, s.value), 4 * u * softcap};
    t = cake_carry_tanh((cake_expected){s.value / softcap, s.bound / softcap}, u);
    return (cake_expected){softcap * t.value, softcap * t.bound + 6 * u * fabs(softcap * t.value)};
}

/* The score of key j for one query, as it is at a step: CAKE_SCORES_PRODUCTS, _STEP1 or _STEP2. `mask` is the query's
 * row, or NULL. */
static cake_expected score_at(const cake_reference *reference, const double *q, const double *k, const double *mask,
                              int64_t j, int32_t step)
{
    const cake_attention *p = reference->params;
    double u = reference->u, c = cake_bound_sum((double)p->head_dim, u);
    cake_carried dot = cake_carry_dot(q, k + j * p->head_dim, NULL, NULL, p->head_dim);
    cake_expected s = {p->scale * dot.value, p->scale * c * dot.magnitude + 4 * u * fabs(p->scale * dot.value)};

    for (int32_t at = CAKE_SCORES_STEP1; at <= step; at++) {
        bool masks = (at == CAKE_SCORES_STEP1) == (p->mask_first != 0);

        if (!masks && p->softcap > 0)
            s = cap(s, p->softcap, u);
        else if (masks && mask)
            s = (cake_expected){s.value + mask[j],
                                mask[j] == -INFINITY
                                    ? 0
                                    : s.bound + 4 * u * fabs(mask[j]) + (p->softcap > 0 ? 2 * u * fabs(s.value) : 0)};
    }
    return s;
}

/* A query, counted over batch, head and query, and what it meets. */
typedef struct query {
    const double *q, *k, *mask;
    int64_t keys; /* that it sees */
} query;

static query query_of(const cake_reference *reference, int64_t row)
{
    const cake_attention *p = reference->params;
    int64_t i = row % p->q_len, kv_head = row / p->q_len / (p->heads / p->kv_heads);

    return (query){reference->values[Q] + row * p->head_dim, reference->values[K] + kv_head * p->kv_len * p->head_dim,
                   p->mask ? reference->values[MASK] + i * p->kv_len : NULL,
                   cake_visible_keys(p->causal, p->q_len, p->kv_len, i)};
}

/* One query's weights over the keys it sees; returns their number. weight, relative [kv_len]. */
static int64_t weigh(const cake_reference *reference, int64_t row, double *weight, double *relative)
{
    query at = query_of(reference, row);

    for (int64_t j = 0; j < at.keys; j++) {
        cake_expected s = score_at(reference, at.q, at.k, at.mask, j, CAKE_SCORES_STEP2);

        weight[j] = s.value;
        relative[j] = s.bound;
    }
    cake_carry_softmax(weight, relative, at.keys, reference->u, weight, relative);
    return at.keys;
}

/* Key j's place in a row of s, if `weight` and `relative` are the row's. 2^-126: see cake_carry_mean. */
static cake_expected shown_score(const cake_reference *reference, int64_t row, int64_t j, const double *weight,
                                 const double *relative)
{
    const cake_attention *p = reference->params;
    query at = query_of(reference, row);
    cake_expected s;

    if (p->scores == CAKE_SCORES_WEIGHTS)
        return cake_expect(reference, weight[j],
                           weight[j] * (relative[j] + (cake_bound_sum((double)p->kv_len, 1) + 2) * reference->u) +
                               0x1p-126);
    s = score_at(reference, at.q, at.k, at.mask, j, p->scores);
    return cake_expect(reference, s.value, s.bound);
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

/* Which output a place is in: y comes after the inputs, s after y. */
static bool is_score(const cake_reference *reference, cake_place output)
{
    const cake_attention *p = reference->params;

    return p->scores && output.tensor == reference->tensors.count - 1;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_attention *p = reference->params;
    int64_t begin = index * ROWS_PER_BLOCK, end = begin + ROWS_PER_BLOCK;
    double *weight = cake_scratch(2 * p->kv_len);

    end = end < rows(p) ? end : rows(p);
    for (int64_t row = begin; row < end; row++) {
        attend(reference, row, 0, p->v_dim, weight, weight + p->kv_len, expected[0] + row * p->v_dim);
        for (int64_t j = 0; p->scores && j < p->kv_len; j++)
            expected[1][row * p->kv_len + j] = shown_score(reference, row, j, weight, weight + p->kv_len);
    }
    free(weight);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_attention *p = reference->params;
    int64_t width = is_score(reference, output) ? p->kv_len : p->v_dim;
    int64_t row = output.element / width, column = output.element % width;
    double *weight = cake_scratch(2 * p->kv_len);
    cake_expected y;

    (void)changed;
    if (is_score(reference, output)) {
        weigh(reference, row, weight, weight + p->kv_len);
        y = shown_score(reference, row, column, weight, weight + p->kv_len);
    } else {
        attend(reference, row, column, column + 1, weight, weight + p->kv_len, &y);
    }
    free(weight);
    return y;
}

/* A word of the query that shows in one of its scores: as long as that is not hidden, near its cap, or a weight with
 * nobody to share with. */
static cake_place influence_on_score(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_attention *p = reference->params;
    int64_t row = output.element / p->kv_len;
    int64_t word = (int64_t)cake_random_below(random, (uint64_t)p->head_dim);
    query at = query_of(reference, row);
    int64_t key = output.element % p->kv_len;
    cake_expected shown = element(reference, NULL, output);
    cake_expected argument = score_at(reference, at.q, at.k, at.mask, key,
                                      p->mask_first ? CAKE_SCORES_STEP1 : CAKE_SCORES_PRODUCTS); /* of the cap */
    bool weak = p->scores == CAKE_SCORES_WEIGHTS ? !(shown.value > 0.01 && shown.value < 0.9) : isinf(shown.value);

    if (weak || (p->softcap > 0 && fabs(argument.value) > p->softcap) || at.k[key * p->head_dim + word] == 0)
        return (cake_place){.tensor = -1};
    return (cake_place){Q, row * p->head_dim + word};
}

/* A word that shows in the result: of the value of a key drawn by its weight, or of the query, as long as its scores
 * decide something: more than one key has a say. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_attention *p = reference->params;
    int64_t row = output.element / p->v_dim, column = output.element % p->v_dim, key = 0;
    int64_t kv_head = row / p->q_len / (p->heads / p->kv_heads);
    double *weight, largest = 0, left;
    int64_t n;

    if (is_score(reference, output))
        return influence_on_score(reference, output, random);
    left = cake_random_real(random, 0, 1);
    weight = cake_scratch(2 * p->kv_len);
    n = weigh(reference, row, weight, weight + p->kv_len);
    for (int64_t j = 0; j < n; j++) {
        largest = fmax(largest, weight[j]);
        if (left >= 0 && weight[j] > 0)
            key = j;
        left -= weight[j];
    }
    free(weight);
    if (largest == 0)
        return (cake_place){.tensor = -1};
    if (largest < 0.5 && p->softcap == 0 && cake_random_below(random, 2) == 0)
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
