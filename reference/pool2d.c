/* pool2d: the largest or the mean value of each window, kh x kw places of one channel, dilated, over the padded
 * image. ONNX: MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool.
 * What counts and the errors are in pool.c. */
#include "reference/pool.h"

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_pool2d, kind, NULL, "the largest value or the mean", "max", "avg"),
    CAKE_SIZE_ROW(cake_pool2d, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_pool2d, c, NULL, 1, CAKE_EXTENT_MAX, "channels"),
    CAKE_SIZE_ROW(cake_pool2d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_pool2d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_ALIAS_ROW("k", "window height and width; 0 = the whole image", "kh", "kw"),
    CAKE_SIZE_ROW(cake_pool2d, kh, NULL, 0, CAKE_WINDOW_MAX, "window height; 0 = the image's"),
    CAKE_SIZE_ROW(cake_pool2d, kw, NULL, 0, CAKE_WINDOW_MAX, "window width; 0 = the image's"),
    CAKE_WINDOW_ROWS_2D(cake_pool2d),
    CAKE_FLAG_ROW(cake_pool2d, count_pad, "0", "1: a mean counts the padding"),
    CAKE_FLAG_ROW(cake_pool2d, ceil_mode, "0", "1: round the output's size up"),
    CAKE_FLAG_ROW(cake_pool2d, indices, "0", "1: where the maxima stand is an output too"),
    {.key = NULL},
};

static cake_pooling pooling_of(const cake_pool2d *p)
{
    return (cake_pooling){.kind = p->kind,
                          .count_pad = p->count_pad,
                          .ceil_mode = p->ceil_mode,
                          .indices = p->indices,
                          .channels = p->n * p->c,
                          .window = {{'d', 1, 1, 1, 0, 0, 1},
                                     {'h', p->ih, p->kh, p->stride_h, p->pad_t, p->pad_b, p->dil_h},
                                     {'w', p->iw, p->kw, p->stride_w, p->pad_l, p->pad_r, p->dil_w}},
                          .out = {1, p->oh, p->ow}};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_pool2d *p = params;
    cake_pooling pooling;
    cake_status status;

    if (p->kh == 0)
        p->kh = p->ih;
    if (p->kw == 0)
        p->kw = p->iw;
    pooling = pooling_of(p);
    status = cake_pooling_validate(&pooling, error);
    if (status != CAKE_OK)
        return status;
    p->oh = pooling.out[1];
    p->ow = pooling.out[2];
    return cake_validate_tensors(&cake_op_pool2d, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_pool2d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->n, p->c, p->ih, p->iw})->image = true;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->c, p->oh, p->ow})->image = true;
    if (p->indices)
        cake_tensor_add(list, "index", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->c, p->oh, p->ow})->dtype = CAKE_I32;
}

static double flops(const void *params)
{
    const cake_pooling pooling = pooling_of(params);

    return cake_pooling_flops(&pooling);
}

static bool exact_on_integers(const void *params)
{
    return ((const cake_pool2d *)params)->kind == CAKE_POOL_MAX;
}

static int64_t blocks(const void *params)
{
    const cake_pool2d *p = params;

    return p->n * p->c;
}

static void block(const cake_reference *reference, int64_t plane, cake_expected *const *expected)
{
    const cake_pooling pooling = pooling_of(reference->params);

    cake_pooling_block(reference, &pooling, plane, expected);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_pooling pooling = pooling_of(reference->params);

    (void)changed;
    return cake_pooling_element(reference, &pooling, place);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_pooling pooling = pooling_of(reference->params);

    return cake_pooling_influence(reference, &pooling, place, random);
}

const cake_op cake_op_pool2d = {
    .name = "pool2d",
    .family = "pooling",
    .summary = "largest or mean value of each window of an image",
    .params_size = sizeof(cake_pool2d),
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
