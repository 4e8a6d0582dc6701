/* activation: y = f(x) for each element, f one of
 *     relu       max(x, 0)
 *     gelu       x (1 + erf(x / sqrt 2)) / 2                              Hendrycks and Gimpel 2016
 *     gelu_tanh  x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2          their approximation
 *     silu       x sigmoid(x)                                             Elfwing et al. 2017 (swish: Ramachandran et
 * al.) sigmoid    1 / (1 + exp(-x)) tanh
 *
 * Error: a few u, in carry.c; relu is exact. */
#include "reference/carry.h"

enum { PER_BLOCK = 4096 };

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_activation, kind, NULL, "the function", "relu", "gelu", "gelu_tanh", "silu", "sigmoid",
                    "tanh"),
    CAKE_SIZE_ROW(cake_activation, elements, NULL, 1, 0x1p40, "number of elements"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_activation, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_activation *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 1, &p->elements)->scale = p->kind == CAKE_ACTIVATION_RELU ? 1 : 6;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 1, &p->elements);
}

/* One an element, whatever the function: there is no count of them that everyone agrees on. */
static double flops(const void *params)
{
    const cake_activation *p = params;

    return (double)p->elements;
}

static bool exact_on_integers(const void *params)
{
    const cake_activation *p = params;

    return p->kind == CAKE_ACTIVATION_RELU;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_activation *p = reference->params;
    cake_expected x = {reference->values[0][output.element], 0}, y;

    (void)changed;
    if (p->kind == CAKE_ACTIVATION_RELU)
        return cake_carry_relu(x);
    y = cake_carry_activation(p->kind, x, reference->u);
    return cake_expect(reference, y.value, y.bound);
}

static int64_t blocks(const void *params)
{
    const cake_activation *p = params;

    return cake_ceil_div(p->elements, PER_BLOCK);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_activation *p = reference->params;

    for (int64_t i = index * PER_BLOCK; i < (index + 1) * PER_BLOCK && i < p->elements; i++)
        expected[0][i] = element(reference, NULL, (cake_place){1, i});
}

/* The element's own word; a relu that is off has none. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_activation *p = reference->params;
    bool off = p->kind == CAKE_ACTIVATION_RELU && !(reference->values[0][output.element] > 0);

    (void)random;
    return (cake_place){off ? -1 : 0, output.element};
}

const cake_op cake_op_activation = {
    .name = "activation",
    .family = "activation",
    .summary = "a function of each element: relu, gelu, silu, sigmoid, tanh",
    .params_size = sizeof(cake_activation),
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
