/* linear: a fully connected layer, y[r][o] = b[o] + sum over i of x[r][i] w[o][i].
 * ONNX: Gemm with transB = 1. PyTorch: torch.nn.Linear.
 *
 * Error: a sum of `in` products and the bias, so c(in + 1) u times the sum of their absolute values (bounds.c); in
 * class CAKE_FAST what Strassen's algorithm needs (strassen.c), where that is more. */
#include <stdlib.h>

#include "reference/strassen.h"

/* A block is a tile of TILE x TILE outputs: its rows of x and w stay in the cache. */
enum { TILE = 8 };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_linear, rows, "1", 1, CAKE_EXTENT_MAX, "rows of x: batch times sequence length"),
    CAKE_SIZE_ROW(cake_linear, in, NULL, 1, CAKE_EXTENT_MAX, "input features"),
    CAKE_SIZE_ROW(cake_linear, out, NULL, 1, CAKE_EXTENT_MAX, "output features"),
    CAKE_FLAG_ROW(cake_linear, bias, "0", "1: add b"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_linear, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_linear *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 2, (int64_t[]){p->rows, p->in});
    cake_tensor_add(list, "w", CAKE_ROLE_CONSTANT, 2, (int64_t[]){p->out, p->in});
    if (p->bias)
        cake_tensor_add(list, "b", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->out});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 2, (int64_t[]){p->rows, p->out});
}

static double flops(const void *params)
{
    const cake_linear *p = params;

    return (double)p->rows * (double)p->out * (2 * (double)p->in + p->bias);
}

static bool exact_on_integers(const void *params)
{
    const cake_linear *p = params;

    return cake_sum_is_exact((double)p->in + p->bias);
}

/* The memo: cake_strassen_data, in class CAKE_FAST. */
static cake_status prepare(cake_reference *reference, cake_error *error)
{
    const cake_linear *p = reference->params;
    cake_strassen_data *data;

    if (reference->accuracy != CAKE_FAST)
        return CAKE_OK;
    data = malloc(sizeof *data);
    if (!data)
        return cake_fail(error, CAKE_E_MEMORY, "linear: no memory");
    data->a = cake_mean_square(reference->values[0], p->rows * p->in);
    data->b = cake_mean_square(reference->values[1], p->out * p->in);
    reference->memo = data;
    return CAKE_OK;
}

static void release(cake_reference *reference)
{
    free(reference->memo);
    reference->memo = NULL;
}

static double fast_error(const cake_reference *reference, const cake_place *changed)
{
    const cake_linear *p = reference->params;
    const bool x = changed && changed->tensor == 0;

    if (reference->accuracy != CAKE_FAST)
        return 0;
    return cake_strassen_error(reference->memo, (double)p->in, x ? reference->values[0][changed->element] : 0,
                               x ? (double)(p->rows * p->in) : 0, reference->u);
}

static cake_expected output(const cake_reference *reference, const cake_place *changed, int64_t row, int64_t column)
{
    const cake_linear *p = reference->params;
    const double *x = reference->values[0], *w = reference->values[1];
    cake_sum sum = cake_dot(x + row * p->in, w + column * p->in, p->in);

    if (p->bias) {
        const double b = reference->values[2][column];

        sum.value += b;
        sum.magnitude += fabs(b);
    }
    return cake_expect(
        reference, sum.value,
        fmax(cake_bound_sum((double)p->in + 1, reference->u) * sum.magnitude, fast_error(reference, changed)));
}

static int64_t blocks(const void *params)
{
    const cake_linear *p = params;

    return cake_ceil_div(p->rows, TILE) * cake_ceil_div(p->out, TILE);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_linear *p = reference->params;
    const int64_t row_tiles = cake_ceil_div(p->rows, TILE);
    const int64_t first_row = index % row_tiles * TILE, first_column = index / row_tiles * TILE;

    for (int64_t o = first_column; o < first_column + TILE && o < p->out; o++)
        for (int64_t r = first_row; r < first_row + TILE && r < p->rows; r++)
            expected[0][r * p->out + o] = output(reference, NULL, r, o);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_linear *p = reference->params;

    return output(reference, changed, place.element / p->out, place.element % p->out);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_linear *p = reference->params;
    const int64_t row = place.element / p->out;

    return (cake_place){.tensor = 0, .element = row * p->in + (int64_t)cake_random_below(random, (uint64_t)p->in)};
}

const cake_op cake_op_linear = {
    .name = "linear",
    .family = "linear",
    .summary = "fully connected layer, y = x wT + b",
    .params_size = sizeof(cake_linear),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = exact_on_integers,
    .prepare = prepare,
    .release = release,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
