/* positional_encoding: sinusoids of the position (Vaswani et al. 2017, 3.5), added to x or multiplied with it
 *
 *     P[t][2i] = sin(a)   P[t][2i+1] = cos(a)   a = (start + t) / base^(2i / dim)
 *
 * Error: that of the angle, computed in f32 (carry.c), and one rounding. It grows with the position, as a kernel's
 * does that computes angles when it runs; one that makes a table beforehand is better than it must be. */
#include <math.h>

#include "reference/carry.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_positional_encoding, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_positional_encoding, len, NULL, 1, CAKE_EXTENT_MAX, "positions"),
    CAKE_SIZE_ROW(cake_positional_encoding, dim, NULL, 1, CAKE_EXTENT_MAX, "length of a vector"),
    CAKE_SIZE_ROW(cake_positional_encoding, start, "0", 0, 0x1p24, "first position"),
    CAKE_REAL_ROW(cake_positional_encoding, base, "10000", 1, 1e9, "base of the wavelengths"),
    CAKE_CHOICE_ROW(cake_positional_encoding, combine, "add", "how x and the encoding are combined", "add",
                    "multiply"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_positional_encoding, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_positional_encoding *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->len, p->dim});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->batch, p->len, p->dim});
}

/* One an element: the encoding itself can be kept from call to call. */
static double flops(const void *params)
{
    const cake_positional_encoding *p = params;

    return (double)p->batch * (double)p->len * (double)p->dim;
}

static cake_expected encoding(const cake_reference *reference, int64_t element)
{
    const cake_positional_encoding *p = reference->params;
    int64_t k = element % p->dim, t = p->start + element / p->dim % p->len;
    cake_expected a = cake_carry_angle(t, (double)(k - k % 2) / (double)p->dim, p->base, reference->u);

    return (cake_expected){k % 2 ? cos(a.value) : sin(a.value), a.bound};
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_positional_encoding *p = reference->params;
    cake_expected x = {reference->values[0][output.element], 0}, e = encoding(reference, output.element);

    (void)changed;
    x = p->combine == CAKE_COMBINE_ADD ? cake_carry_add(x, e, reference->u) : cake_carry_mul(x, e, reference->u);
    return cake_expect(reference, x.value, x.bound);
}

static int64_t blocks(const void *params)
{
    const cake_positional_encoding *p = params;

    return p->batch * p->len;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_positional_encoding *p = reference->params;

    for (int64_t i = index * p->dim; i < (index + 1) * p->dim; i++)
        expected[0][i] = element(reference, NULL, (cake_place){1, i});
}

/* The element's own word, unless it is multiplied with about 0. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_positional_encoding *p = reference->params;
    bool lost = p->combine == CAKE_COMBINE_MULTIPLY && fabs(encoding(reference, output.element).value) < 0x1p-10;

    (void)random;
    return (cake_place){lost ? -1 : 0, output.element};
}

const cake_op cake_op_positional_encoding = {
    .name = "positional_encoding",
    .family = "embedding",
    .summary = "sinusoids of the position, added or multiplied",
    .params_size = sizeof(cake_positional_encoding),
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
