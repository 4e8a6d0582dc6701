/* layer_norm: per row, y = scale (x - mean) / sqrt(var + eps) + shift, with the row's mean and population variance.
 * J. Ba, J. Kiros, G. Hinton, "Layer Normalization", 2016. ONNX: LayerNormalization over the last axis.
 *
 * Error: normalize.c. */
#include "reference/normalize.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_layer_norm, rows, "1", 1, CAKE_EXTENT_MAX, "rows: batch times sequence length"),
    CAKE_SIZE_ROW(cake_layer_norm, hidden, NULL, 1, CAKE_EXTENT_MAX, "features of a row"),
    CAKE_REAL_ROW(cake_layer_norm, eps, "1e-5", 1e-30, 1, "added to the variance"),
    CAKE_FLAG_ROW(cake_layer_norm, affine, "1", "1: scale and shift"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_layer_norm, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_layer_norm *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 2, (int64_t[]){p->rows, p->hidden});
    if (p->affine) {
        cake_tensor_add(list, "scale", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->hidden})->fill = CAKE_FILL_POSITIVE;
        cake_tensor_add(list, "shift", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->hidden});
    }
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 2, (int64_t[]){p->rows, p->hidden});
}

/* A value: 1 for the mean, 3 for the variance, 2 to normalise, 2 to scale and shift. */
static double flops(const void *params)
{
    const cake_layer_norm *p = params;

    return (double)p->rows * (double)p->hidden * (p->affine ? 8 : 6);
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return false;
}

static cake_expected output(const cake_reference *reference, const cake_moments *moments, int64_t row, int64_t column)
{
    const cake_layer_norm *p = reference->params;
    const double scale = p->affine ? reference->values[1][column] : 1;
    const double shift = p->affine ? reference->values[2][column] : 0;

    return cake_normalized(reference, moments, p->eps, reference->values[0][row * p->hidden + column], scale, shift);
}

static cake_moments moments_of_row(const cake_reference *reference, int64_t row)
{
    const cake_layer_norm *p = reference->params;
    const cake_piece piece = cake_piece_of(reference->values[0] + row * p->hidden, p->hidden);

    return cake_moments_of(&piece, 1, -1, NULL, reference->u);
}

static int64_t blocks(const void *params)
{
    return ((const cake_layer_norm *)params)->rows;
}

static void block(const cake_reference *reference, int64_t row, cake_expected *const *expected)
{
    const cake_layer_norm *p = reference->params;
    const cake_moments moments = moments_of_row(reference, row);

    for (int64_t i = 0; i < p->hidden; i++)
        expected[0][row * p->hidden + i] = output(reference, &moments, row, i);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_layer_norm *p = reference->params;
    const int64_t row = place.element / p->hidden;
    const cake_moments moments = moments_of_row(reference, row);

    (void)changed;
    return output(reference, &moments, row, place.element % p->hidden);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_layer_norm *p = reference->params;
    const cake_sets rows = {p->rows, p->hidden, 1, p->hidden, p->hidden};
    const int64_t word = cake_sets_influence(&rows, place.element / p->hidden, place.element, random);

    return (cake_place){.tensor = word < 0 ? -1 : 0, .element = word};
}

const cake_op cake_op_layer_norm = {
    .name = "layer_norm",
    .family = "normalization",
    .summary = "each row to mean 0 and variance 1",
    .params_size = sizeof(cake_layer_norm),
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
