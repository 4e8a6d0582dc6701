/* dropout: Srivastava et al. 2014, scaled in training ("inverted"): y = x / (1 - p) where the element is kept, else
 * 0; at inference the identity.
 *
 * Which are kept does not depend on the implementation: element i draws word i % 4 of the block i / 4 of Philox
 * 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), keyed by the seed, and is kept if the
 * word is at least p 2^32. A block is computed from its counter alone, so any number of threads in any order makes
 * the same mask.
 *
 * Error: p and 1 - p, rounded, are off by 2 u, which is 2 u / (1 - p) of the latter; a division 4 u. A dropped
 * element is 0. */
#include <math.h>

#include "reference/internal.h"

enum { PER_BLOCK = 4096 };

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_dropout, elements, NULL, 1, 0x1p40, "number of elements"),
    CAKE_REAL_ROW(cake_dropout, p, "0.5", 0, 0.9999, "probability that an element is dropped"),
    CAKE_FLAG_ROW(cake_dropout, training, "1", "0: inference, the identity"),
    CAKE_SIZE_ROW(cake_dropout, seed, "1", 0, 0x1p53, "key of the random numbers"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_dropout, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_dropout *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 1, &p->elements);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 1, &p->elements);
}

static double flops(const void *params)
{
    const cake_dropout *p = params;

    return p->training ? (double)p->elements : 0;
}

static bool exact_on_integers(const void *params)
{
    const cake_dropout *p = params;

    return !p->training || p->p == 0 || p->p == 0.5;
}

void cake_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t word[4])
{
    uint32_t k0 = key[0], k1 = key[1];

    for (int i = 0; i < 4; i++)
        word[i] = counter[i];
    for (int round = 0; round < 10; round++) {
        uint64_t a = UINT64_C(0xd2511f53) * word[0], b = UINT64_C(0xcd9e8d57) * word[2];

        word[0] = (uint32_t)(b >> 32) ^ word[1] ^ k0;
        word[1] = (uint32_t)b;
        word[2] = (uint32_t)(a >> 32) ^ word[3] ^ k1;
        word[3] = (uint32_t)a;
        k0 += 0x9e3779b9;
        k1 += 0xbb67ae85;
    }
}

static bool kept(const cake_dropout *p, int64_t i)
{
    uint64_t block = (uint64_t)i / 4, seed = (uint64_t)p->seed;
    uint32_t word[4];

    if (!p->training)
        return true;
    cake_philox((uint32_t[]){(uint32_t)block, (uint32_t)(block >> 32), 0, 0},
                (uint32_t[]){(uint32_t)seed, (uint32_t)(seed >> 32)}, word);
    return (double)word[i % 4] >= p->p * 0x1p32;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_dropout *p = reference->params;
    double x = reference->values[0][output.element], y = x / (1 - p->p);

    (void)changed;
    if (!p->training)
        return (cake_expected){x, 0};
    if (!kept(p, output.element))
        return (cake_expected){0, 0};
    return cake_expect(reference, y,
                       p->p > 0 ? (CAKE_ROUNDINGS_DIVIDE + 2 / (1 - p->p)) * reference->u * fabs(y) : 0);
}

static int64_t blocks(const void *params)
{
    const cake_dropout *p = params;

    return cake_ceil_div(p->elements, PER_BLOCK);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_dropout *p = reference->params;

    for (int64_t i = index * PER_BLOCK; i < (index + 1) * PER_BLOCK && i < p->elements; i++)
        expected[0][i] = element(reference, NULL, (cake_place){1, i});
}

static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    (void)random;
    return (cake_place){kept(reference->params, output.element) ? 0 : -1, output.element};
}

const cake_op cake_op_dropout = {
    .name = "dropout",
    .family = "regularisation",
    .summary = "dropout with a reproducible mask; the identity at inference",
    .params_size = sizeof(cake_dropout),
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
