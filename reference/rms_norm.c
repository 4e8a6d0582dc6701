/* rms_norm: per row, y = scale x / sqrt(mean of x^2 + eps).
 * B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019. ONNX: RMSNormalization.
 *
 * Error, in units of u and with c = c(k) of bounds.c for k = hidden: the mean of squares s is a sum of products of
 * one sign, and a division, |ds| <= (c + 4) s. The reciprocal root has half the relative error of s + eps, and the
 * result three more operations: |dy| <= |y| ((c + 4) / 2 + 6 + 3). */
#include "reference/normalize.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_rms_norm, rows, "1", 1, CAKE_EXTENT_MAX, "rows: batch times sequence length"),
    CAKE_SIZE_ROW(cake_rms_norm, hidden, NULL, 1, CAKE_EXTENT_MAX, "features of a row"),
    CAKE_REAL_ROW(cake_rms_norm, eps, "1e-5", 1e-30, 1, "added to the mean of squares"),
    CAKE_FLAG_ROW(cake_rms_norm, affine, "1", "1: scale"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_rms_norm, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_rms_norm *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 2, (int64_t[]){p->rows, p->hidden});
    if (p->affine)
        cake_tensor_add(list, "scale", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->hidden})->fill = CAKE_FILL_POSITIVE;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 2, (int64_t[]){p->rows, p->hidden});
}

/* A value: 2 for the mean of squares, 1 to normalise, 1 to scale. */
static double flops(const void *params)
{
    const cake_rms_norm *p = params;

    return (double)p->rows * (double)p->hidden * (p->affine ? 4 : 3);
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return false;
}

/* 1 / sqrt(mean of x^2 + eps) of a row. */
static double reciprocal_rms(const cake_reference *reference, int64_t row)
{
    const cake_rms_norm *p = reference->params;
    const double *x = reference->values[0] + row * p->hidden;

    return 1 / sqrt(cake_dot(x, x, p->hidden).value / (double)p->hidden + p->eps);
}

static cake_expected output(const cake_reference *reference, double reciprocal, int64_t row, int64_t column)
{
    const cake_rms_norm *p = reference->params;
    const double scale = p->affine ? reference->values[1][column] : 1;
    const double y = scale * reference->values[0][row * p->hidden + column] * reciprocal;
    const double roundings = (cake_bound_sum((double)p->hidden, 1) + 4) / 2 + CAKE_ROUNDINGS_RSQRT + 3;

    return cake_expect(reference, y, roundings * reference->u * fabs(y));
}

static int64_t blocks(const void *params)
{
    return ((const cake_rms_norm *)params)->rows;
}

static void block(const cake_reference *reference, int64_t row, cake_expected *const *expected)
{
    const cake_rms_norm *p = reference->params;
    const double reciprocal = reciprocal_rms(reference, row);

    for (int64_t i = 0; i < p->hidden; i++)
        expected[0][row * p->hidden + i] = output(reference, reciprocal, row, i);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_rms_norm *p = reference->params;
    const int64_t row = place.element / p->hidden;

    (void)changed;
    return output(reference, reciprocal_rms(reference, row), row, place.element % p->hidden);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_rms_norm *p = reference->params;
    const cake_sets rows = {p->rows, p->hidden, 1, p->hidden, p->hidden};
    const int64_t word = cake_sets_influence(&rows, place.element / p->hidden, place.element, random);

    /* A row of one value still depends on it, by its sign. */
    return (cake_place){.tensor = 0, .element = word < 0 ? place.element : word};
}

const cake_op cake_op_rms_norm = {
    .name = "rms_norm",
    .family = "normalization",
    .summary = "each row to a root mean square of 1",
    .params_size = sizeof(cake_rms_norm),
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
