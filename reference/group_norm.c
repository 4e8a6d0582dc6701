/* group_norm: the channels of an image in `groups` groups of neighbours, each normalised over its channels and
 * places, y = scale[c] (x - mean) / sqrt(var + eps) + shift[c]. Y. Wu, K. He, "Group Normalization", 2018. ONNX:
 * GroupNormalization (opset 21); with groups = c InstanceNormalization.
 *
 * Error: normalize.c. */
#include <inttypes.h>
#include <stdlib.h>

#include "reference/normalize.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_group_norm, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_group_norm, c, NULL, 1, CAKE_EXTENT_MAX, "channels"),
    CAKE_SIZE_ROW(cake_group_norm, h, NULL, 1, CAKE_EXTENT_MAX, "height"),
    CAKE_SIZE_ROW(cake_group_norm, w, NULL, 1, CAKE_EXTENT_MAX, "width"),
    CAKE_SIZE_ROW(cake_group_norm, groups, NULL, 1, CAKE_EXTENT_MAX, "groups of channels; = c: instance norm"),
    CAKE_REAL_ROW(cake_group_norm, eps, "1e-5", 1e-30, 1, "added to the variance"),
    CAKE_FLAG_ROW(cake_group_norm, affine, "1", "1: scale and shift"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    const cake_group_norm *p = params;

    if (p->c % p->groups != 0)
        return cake_fail(error, CAKE_E_USAGE,
                         "expected groups that divide c, found groups=%" PRId64 " with c=%" PRId64, p->groups, p->c);
    return cake_validate_tensors(&cake_op_group_norm, params, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_group_norm *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->n, p->c, p->h, p->w})->image = true;
    if (p->affine) {
        cake_tensor_add(list, "scale", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->c})->fill = CAKE_FILL_POSITIVE;
        cake_tensor_add(list, "shift", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->c});
    }
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->c, p->h, p->w})->image = true;
}

/* A value: 1 for the mean, 3 for the variance, 2 to normalise, 2 to scale and shift. */
static double flops(const void *params)
{
    const cake_group_norm *p = params;

    return (double)p->n * (double)p->c * (double)p->h * (double)p->w * (p->affine ? 8 : 6);
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return false;
}

/* Set n groups + g is group g of image n. */
static cake_sets sets_of(const cake_group_norm *p)
{
    const int64_t size = p->c / p->groups * p->h * p->w;

    return (cake_sets){
        .count = p->n * p->groups, .set_stride = size, .runs = 1, .run_length = size, .run_stride = size};
}

static cake_status prepare(cake_reference *reference, cake_error *error)
{
    const cake_sets sets = sets_of(reference->params);

    reference->memo = cake_sets_prepare(&sets, reference->values[0]);
    return reference->memo ? CAKE_OK
                           : cake_fail(error, CAKE_E_MEMORY, "group_norm: no memory for the groups' moments");
}

static void release(cake_reference *reference)
{
    free(reference->memo);
    reference->memo = NULL;
}

static cake_expected output(const cake_reference *reference, const cake_moments *moments, int64_t at)
{
    const cake_group_norm *p = reference->params;
    const int64_t channel = at / (p->h * p->w) % p->c;
    const double scale = p->affine ? reference->values[1][channel] : 1;
    const double shift = p->affine ? reference->values[2][channel] : 0;

    return cake_normalized(reference, moments, p->eps, reference->values[0][at], scale, shift);
}

static int64_t blocks(const void *params)
{
    return sets_of(params).count;
}

static void block(const cake_reference *reference, int64_t set, cake_expected *const *expected)
{
    const cake_sets sets = sets_of(reference->params);
    const cake_moments moments =
        cake_sets_moments(&sets, reference->memo, reference->values[0], set, -1, reference->u);

    for (int64_t at = set * sets.set_stride; at < (set + 1) * sets.set_stride; at++)
        expected[0][at] = output(reference, &moments, at);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_sets sets = sets_of(reference->params);
    const int64_t word = changed && changed->tensor == 0 ? changed->element : -1;
    const cake_moments moments = cake_sets_moments(&sets, reference->memo, reference->values[0],
                                                   place.element / sets.set_stride, word, reference->u);

    return output(reference, &moments, place.element);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_sets sets = sets_of(reference->params);
    const int64_t word = cake_sets_influence(&sets, place.element / sets.set_stride, place.element, random);

    return (cake_place){.tensor = word < 0 ? -1 : 0, .element = word};
}

const cake_op cake_op_group_norm = {
    .name = "group_norm",
    .family = "normalization",
    .summary = "each group of an image's channels to mean 0 and variance 1",
    .params_size = sizeof(cake_group_norm),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
    .prepare = prepare,
    .release = release,
};
