/* rope: rotary position embedding of Su et al. 2021 ("RoFormer"). The pair (a, b) number i of a vector at position t
 * turns by w = (start + t) / base^(2i / rotary_dim):    a' = a cos w - b sin w    b' = b cos w + a sin w interleaved:
 * the pair is elements 2i and 2i + 1 (the paper, GPT-J); half: i and i + rotary_dim/2 (GPT-NeoX, Llama in
 * Transformers). Elements from rotary_dim on stay as they are.
 *
 * Or the cosines and sines are given (`tables`).
 *
 * Error: cos w and sin w are off by what carry.c says of the angle, given ones by nothing; two products and their
 * difference round. */
#include <math.h>

#include "reference/carry.h"

enum { X, COS, SIN }; /* tensors in the list; y is the last */

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_rope, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_rope, heads, NULL, 1, CAKE_EXTENT_MAX, "heads"),
    CAKE_SIZE_ROW(cake_rope, len, NULL, 1, CAKE_EXTENT_MAX, "positions"),
    CAKE_SIZE_ROW(cake_rope, head_dim, NULL, 1, CAKE_EXTENT_MAX, "length of a vector"),
    CAKE_SIZE_ROW(cake_rope, rotary_dim, "0", 0, CAKE_EXTENT_MAX, "even; elements of it that turn; 0: head_dim"),
    CAKE_SIZE_ROW(cake_rope, start, "0", 0, 0x1p24, "first position"),
    CAKE_REAL_ROW(cake_rope, base, "10000", 1, 1e9, "base of the wavelengths"),
    CAKE_CHOICE_ROW(cake_rope, style, "interleaved", "which elements are pairs", "interleaved", "half"),
    CAKE_FLAG_ROW(cake_rope, tables, "0", "1: cosines and sines are inputs"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    cake_rope *p = params;

    p->rotary_dim = p->rotary_dim ? p->rotary_dim : p->head_dim;
    if (p->rotary_dim % 2 != 0 || p->rotary_dim > p->head_dim)
        return cake_fail(error, CAKE_E_USAGE,
                         "rotary_dim must be even and at most head_dim=%lld, found rotary_dim=%lld",
                         (long long)p->head_dim, (long long)p->rotary_dim);
    return cake_validate_tensors(&cake_op_rope, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_rope *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->batch, p->heads, p->len, p->head_dim});
    if (p->tables) {
        cake_tensor_add(list, "cos", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->rotary_dim / 2});
        cake_tensor_add(list, "sin", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->rotary_dim / 2});
    }
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->batch, p->heads, p->len, p->head_dim});
}

static bool exact_on_integers(const void *params)
{
    const cake_rope *p = params;

    return p->tables && cake_sum_is_exact(2);
}

/* Three for each element that turns: sines and cosines can be kept from call to call. */
static double flops(const void *params)
{
    const cake_rope *p = params;

    return 3 * (double)p->batch * (double)p->heads * (double)p->len * (double)p->rotary_dim;
}

/* The other element of k's pair; which pair; whether k is the second. */
static int64_t partner(const cake_rope *p, int64_t k, int64_t *pair, bool *second)
{
    int64_t half = p->rotary_dim / 2;

    *second = p->style == CAKE_ROPE_HALF ? k >= half : k % 2 == 1;
    *pair = p->style == CAKE_ROPE_HALF ? k % half : k / 2;
    if (p->style == CAKE_ROPE_HALF)
        return *second ? k - half : k + half;
    return *second ? k - 1 : k + 1;
}

/* How pair i of the row of that element of x turns: cosine and sine, and how far each may be off. */
typedef struct turn {
    double cosine, sine, bound;
} turn;

static turn turn_of(const cake_reference *reference, int64_t x, int64_t pair)
{
    const cake_rope *p = reference->params;
    int64_t row = x / p->head_dim, t = row % p->len, batch = row / p->len / p->heads;
    int64_t place = (batch * p->len + t) * (p->rotary_dim / 2) + pair;
    cake_expected w;

    if (p->tables)
        return (turn){reference->values[COS][place], reference->values[SIN][place], 0};
    w = cake_carry_angle(p->start + t, 2 * (double)pair / (double)p->rotary_dim, p->base, reference->u);
    return (turn){cos(w.value), sin(w.value), w.bound};
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_rope *p = reference->params;
    int64_t k = output.element % p->head_dim, pair, other;
    const double *x = reference->values[0] + output.element - k;
    bool second;
    double here, there;
    turn w;

    (void)changed;
    if (k >= p->rotary_dim)
        return (cake_expected){x[k], 0};
    other = partner(p, k, &pair, &second);
    w = turn_of(reference, output.element, pair);
    here = x[k] * w.cosine;
    there = (second ? 1 : -1) * x[other] * w.sine;
    return cake_expect(reference, here + there,
                       (fabs(x[k]) + fabs(x[other])) * w.bound + 2 * reference->u * (fabs(here) + fabs(there)));
}

static int64_t blocks(const void *params)
{
    const cake_rope *p = params;

    return p->batch * p->heads * p->len;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_rope *p = reference->params;

    for (int64_t i = index * p->head_dim; i < (index + 1) * p->head_dim; i++)
        expected[0][i] = element(reference, NULL, (cake_place){reference->tensors.count - 1, i});
}

/* The one of the pair's two words that counts more. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_rope *p = reference->params;
    int64_t k = output.element % p->head_dim, pair, other;
    bool second;
    turn w;

    (void)random;
    if (k >= p->rotary_dim)
        return (cake_place){X, output.element};
    other = partner(p, k, &pair, &second);
    w = turn_of(reference, output.element, pair);
    if (w.cosine == 0 && w.sine == 0)
        return (cake_place){.tensor = -1};
    return (cake_place){X, output.element + (fabs(w.sine) > fabs(w.cosine) ? other - k : 0)};
}

const cake_op cake_op_rope = {
    .name = "rope",
    .family = "embedding",
    .summary = "rotary position embedding, interleaved or by halves",
    .params_size = sizeof(cake_rope),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
