/* embedding: y[t] = table[ids[t]], the vector of each token. ONNX: Gather on axis 0. PyTorch: torch.nn.Embedding.
 *
 * No error: values are moved. An id outside of 0 .. vocab-1 has no meaning; the reference gives NaN for it. */
#include <math.h>

#include "reference/carry.h"

enum { IDS, TABLE, Y };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_embedding, rows, NULL, 1, CAKE_EXTENT_MAX, "tokens: batch times sequence length"),
    CAKE_SIZE_ROW(cake_embedding, vocab, NULL, 1, CAKE_EXTENT_MAX, "rows of the table"),
    CAKE_SIZE_ROW(cake_embedding, dim, NULL, 1, CAKE_EXTENT_MAX, "length of a vector"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_embedding, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_embedding *p = params;
    cake_tensor_spec *ids = cake_tensor_add(list, "ids", CAKE_ROLE_INPUT, 1, &p->rows);

    ids->dtype = CAKE_I32;
    ids->fill = CAKE_FILL_INDEX;
    ids->limit = p->vocab;
    cake_tensor_add(list, "table", CAKE_ROLE_CONSTANT, 2, (int64_t[]){p->vocab, p->dim});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 2, (int64_t[]){p->rows, p->dim});
}

static double flops(const void *params)
{
    (void)params;
    return 0;
}

/* The ids, and each vector read and written once; not the whole table. */
static double bytes(const void *params, int32_t dtype)
{
    const cake_embedding *p = params;

    return (double)p->rows * (4 + 2 * (double)p->dim * (double)cake_dtype_size(dtype));
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return true;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_embedding *p = reference->params;
    double id = reference->values[IDS][output.element / p->dim];

    (void)changed;
    if (!(id >= 0 && id < (double)p->vocab))
        return (cake_expected){NAN, 0};
    return (cake_expected){reference->values[TABLE][(int64_t)id * p->dim + output.element % p->dim], 0};
}

static int64_t blocks(const void *params)
{
    const cake_embedding *p = params;

    return p->rows;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_embedding *p = reference->params;

    for (int64_t i = index * p->dim; i < (index + 1) * p->dim; i++)
        expected[0][i] = element(reference, NULL, (cake_place){Y, i});
}

static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_embedding *p = reference->params;

    (void)random;
    return (cake_place){p->vocab > 1 ? IDS : -1, output.element / p->dim};
}

const cake_op cake_op_embedding = {
    .name = "embedding",
    .family = "embedding",
    .summary = "vectors of token ids out of a table",
    .params_size = sizeof(cake_embedding),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .bytes = bytes,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
