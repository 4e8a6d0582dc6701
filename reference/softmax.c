/* softmax: y[i] = exp(x[i] - m) / sum over j of exp(x[j] - m) along one dimension, m the largest x there (or any
 * other number); log: its logarithm, x[i] - m - log(sum). ONNX: Softmax and LogSoftmax from opset 13 on.
 *
 * Error: carry.c has that of the weights, a factor 1 + r[i] each before they are normalised; the sum moves by
 * sum w r and rounds by c(axis) u, the division by 4 u. The logarithm makes of a factor a difference, and adds the
 * roundings of x - m, of log (8 u of its argument's exponent at most) and of their difference. */
#include <math.h>
#include <stdlib.h>

#include "reference/carry.h"

enum { ROWS_PER_BLOCK = 64 };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_softmax, outer, "1", 1, CAKE_EXTENT_MAX, "product of the extents before the axis"),
    CAKE_SIZE_ROW(cake_softmax, axis, NULL, 1, CAKE_EXTENT_MAX, "extent of the dimension that sums to 1"),
    CAKE_SIZE_ROW(cake_softmax, inner, "1", 1, CAKE_EXTENT_MAX, "product of the extents after the axis"),
    CAKE_FLAG_ROW(cake_softmax, log, "0", "1: the logarithm of it"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_softmax, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_softmax *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->outer, p->axis, p->inner})->scale = 4;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 3, (int64_t[]){p->outer, p->axis, p->inner});
}

/* Subtract, exp, sum, divide; exp counts as one. */
static double flops(const void *params)
{
    const cake_softmax *p = params;

    return 4 * (double)p->outer * (double)p->axis * (double)p->inner;
}

/* Where a row, counted over outer and inner, begins; its elements are `inner` apart. */
static int64_t row_begin(const cake_softmax *p, int64_t row)
{
    return row / p->inner * p->axis * p->inner + row % p->inner;
}

/* A row's weights, and their relative errors before the normalisation; returns the log of the sum of exp(x). */
static double weigh(const cake_reference *reference, int64_t row, double *weight, double *relative)
{
    const cake_softmax *p = reference->params;
    const double *x = reference->values[0] + row_begin(p, row);

    for (int64_t i = 0; i < p->axis; i++) {
        weight[i] = x[i * p->inner];
        relative[i] = 0;
    }
    return cake_carry_softmax(weight, relative, p->axis, reference->u, weight, relative);
}

/* Elements begin, begin + 1, .. end-1 of a row. */
static void normalise(const cake_reference *reference, int64_t row, int64_t begin, int64_t end, cake_expected *y,
                      int64_t stride)
{
    const cake_softmax *p = reference->params;
    const double *x = reference->values[0] + row_begin(p, row);
    double *weight = cake_scratch(2 * p->axis), *relative = weight + p->axis, u = reference->u;
    double log_sum = weigh(reference, row, weight, relative), moved = cake_bound_sum((double)p->axis, u);
    double largest = -INFINITY;

    for (int64_t i = 0; i < p->axis; i++) {
        moved += weight[i] * relative[i];
        largest = fmax(largest, x[i * p->inner]);
    }
    for (int64_t i = begin; i < end; i++) {
        double xi = x[i * p->inner];
        cake_expected e = {weight[i], weight[i] * (relative[i] + moved + CAKE_ROUNDINGS_DIVIDE * u) + 0x1p-126};

        if (p->log)
            e = (cake_expected){xi - log_sum,
                                moved + 3 * u * fabs(xi - largest) + 12 * u + 2 * u * fabs(log_sum - largest)};
        y[(i - begin) * stride] = cake_expect(reference, e.value, e.bound);
    }
    free(weight);
}

static int64_t blocks(const void *params)
{
    const cake_softmax *p = params;

    return cake_ceil_div(p->outer * p->inner, ROWS_PER_BLOCK);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_softmax *p = reference->params;

    for (int64_t row = index * ROWS_PER_BLOCK; row < (index + 1) * ROWS_PER_BLOCK && row < p->outer * p->inner; row++)
        normalise(reference, row, 0, p->axis, expected[0] + row_begin(p, row), p->inner);
}

/* An element's row, and its place in it. */
static int64_t row_of(const cake_softmax *p, int64_t element, int64_t *place)
{
    *place = element / p->inner % p->axis;
    return element / p->inner / p->axis * p->inner + element % p->inner;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    int64_t place, row = row_of(reference->params, output.element, &place);
    cake_expected y;

    (void)changed;
    normalise(reference, row, place, place + 1, &y, 1);
    return y;
}

/* The element's own word, or one drawn by its share of the sum, which every element of the row feels. Alone on its
 * axis it is 1 whatever x is. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_softmax *p = reference->params;
    int64_t place, row = row_of(p, output.element, &place), drawn = 0;
    double *weight = cake_scratch(2 * p->axis), left = cake_random_real(random, 0, 1);

    weigh(reference, row, weight, weight + p->axis);
    for (int64_t i = 0; i < p->axis && left >= 0; i++) {
        drawn = weight[i] > 0 ? i : drawn;
        left -= weight[i];
    }
    drawn = cake_random_below(random, 2) == 0 && weight[drawn] > 0x1p-8 ? drawn : place;
    if (p->axis == 1)
        drawn = -1;
    free(weight);
    return drawn < 0 ? (cake_place){.tensor = -1} : (cake_place){0, row_begin(p, row) + drawn * p->inner};
}

const cake_op cake_op_softmax = {
    .name = "softmax",
    .family = "activation",
    .summary = "softmax or log-softmax along one dimension",
    .params_size = sizeof(cake_softmax),
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
