/* pool3d: the largest or the mean value of each window of a volume, kd x kh x kw places of one channel, dilated. ONNX:
 * MaxPool and AveragePool of five dimensions. What counts and the errors are as in pool2d.c. */
#include "reference/window.h"

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_pool3d, kind, NULL, "the largest value or the mean", "max", "avg"),
    CAKE_SIZE_ROW(cake_pool3d, n, "1", 1, CAKE_EXTENT_MAX, "volumes"),
    CAKE_SIZE_ROW(cake_pool3d, c, NULL, 1, CAKE_EXTENT_MAX, "channels"),
    CAKE_SIZE_ROW(cake_pool3d, id, NULL, 1, CAKE_EXTENT_MAX, "input depth"),
    CAKE_SIZE_ROW(cake_pool3d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_pool3d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_ALIAS_ROW("k", "window depth, height and width; 0 = the whole volume", "kd", "kh", "kw"),
    CAKE_SIZE_ROW(cake_pool3d, kd, NULL, 0, CAKE_WINDOW_MAX, "window depth; 0 = the volume's"),
    CAKE_SIZE_ROW(cake_pool3d, kh, NULL, 0, CAKE_WINDOW_MAX, "window height; 0 = the volume's"),
    CAKE_SIZE_ROW(cake_pool3d, kw, NULL, 0, CAKE_WINDOW_MAX, "window width; 0 = the volume's"),
    CAKE_ALIAS_ROW("stride", "all three strides", "stride_d", "stride_h", "stride_w"),
    CAKE_SIZE_ROW(cake_pool3d, stride_d, "1", 1, CAKE_WINDOW_MAX, "planes from window to window"),
    CAKE_SIZE_ROW(cake_pool3d, stride_h, "1", 1, CAKE_WINDOW_MAX, "rows from window to window"),
    CAKE_SIZE_ROW(cake_pool3d, stride_w, "1", 1, CAKE_WINDOW_MAX, "columns from window to window"),
    CAKE_ALIAS_ROW("pad", "padding on all six sides", "pad_f", "pad_k", "pad_t", "pad_b", "pad_l", "pad_r"),
    CAKE_ALIAS_ROW("pad_d", "padding in front and behind", "pad_f", "pad_k"),
    CAKE_ALIAS_ROW("pad_h", "padding above and below", "pad_t", "pad_b"),
    CAKE_ALIAS_ROW("pad_w", "padding left and right", "pad_l", "pad_r"),
    CAKE_SIZE_ROW(cake_pool3d, pad_f, "0", 0, CAKE_WINDOW_MAX, "planes in front of the volume"),
    CAKE_SIZE_ROW(cake_pool3d, pad_k, "0", 0, CAKE_WINDOW_MAX, "planes behind it"),
    CAKE_SIZE_ROW(cake_pool3d, pad_t, "0", 0, CAKE_WINDOW_MAX, "rows above it"),
    CAKE_SIZE_ROW(cake_pool3d, pad_b, "0", 0, CAKE_WINDOW_MAX, "rows below it"),
    CAKE_SIZE_ROW(cake_pool3d, pad_l, "0", 0, CAKE_WINDOW_MAX, "columns left of it"),
    CAKE_SIZE_ROW(cake_pool3d, pad_r, "0", 0, CAKE_WINDOW_MAX, "columns right of it"),
    CAKE_ALIAS_ROW("dil", "all three dilations", "dil_d", "dil_h", "dil_w"),
    CAKE_SIZE_ROW(cake_pool3d, dil_d, "1", 1, CAKE_WINDOW_MAX, "planes between neighbours in the window; 1 = none"),
    CAKE_SIZE_ROW(cake_pool3d, dil_h, "1", 1, CAKE_WINDOW_MAX, "rows between neighbours in the window"),
    CAKE_SIZE_ROW(cake_pool3d, dil_w, "1", 1, CAKE_WINDOW_MAX, "columns between neighbours in the window"),
    CAKE_FLAG_ROW(cake_pool3d, count_pad, "0", "1: a mean counts the padding"),
    CAKE_FLAG_ROW(cake_pool3d, ceil_mode, "0", "1: round the output's size up"),
    {.key = NULL},
};

/* The three axes, depth first. */
static void windows_of(const cake_pool3d *p, cake_window windows[3])
{
    windows[0] = (cake_window){'d', p->id, p->kd, p->stride_d, p->pad_f, p->pad_k, p->dil_d};
    windows[1] = (cake_window){'h', p->ih, p->kh, p->stride_h, p->pad_t, p->pad_b, p->dil_h};
    windows[2] = (cake_window){'w', p->iw, p->kw, p->stride_w, p->pad_l, p->pad_r, p->dil_w};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_pool3d *p = params;
    int64_t *counts[3] = {&p->od, &p->oh, &p->ow};
    cake_window windows[3];
    cake_status status = CAKE_OK;

    if (p->kd == 0)
        p->kd = p->id;
    if (p->kh == 0)
        p->kh = p->ih;
    if (p->kw == 0)
        p->kw = p->iw;
    if (p->kind == CAKE_POOL_MAX && p->count_pad)
        return cake_fail(error, CAKE_E_USAGE, "pool3d: expected count_pad=0 with kind=max, found count_pad=1");
    windows_of(p, windows);
    for (int a = 0; status == CAKE_OK && a < 3; a++)
        status = cake_window_count_pooled(&windows[a], p->ceil_mode != 0, "pool3d", counts[a], error);
    return status == CAKE_OK ? cake_validate_tensors(&cake_op_pool3d, p, error) : status;
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_pool3d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 5, (int64_t[]){p->n, p->c, p->id, p->ih, p->iw});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 5, (int64_t[]){p->n, p->c, p->od, p->oh, p->ow});
}

/* A comparison or an addition for each place of each window, and a mean's division. */
static double flops(const void *params)
{
    const cake_pool3d *p = params;
    const double outputs = (double)p->n * (double)p->c * (double)p->od * (double)p->oh * (double)p->ow;

    return outputs * ((double)p->kd * (double)p->kh * (double)p->kw - (p->kind == CAKE_POOL_MAX));
}

static bool exact_on_integers(const void *params)
{
    return ((const cake_pool3d *)params)->kind == CAKE_POOL_MAX;
}

/* The windows at an output element; returns the number of its image and channel. */
static int64_t windows_at(const cake_pool3d *p, int64_t element, bool count_pad, cake_span at[3])
{
    cake_window windows[3];

    windows_of(p, windows);
    at[0] = cake_window_at(&windows[0], element / p->ow / p->oh % p->od, count_pad);
    at[1] = cake_window_at(&windows[1], element / p->ow % p->oh, count_pad);
    at[2] = cake_window_at(&windows[2], element % p->ow, count_pad);
    return element / p->ow / p->oh / p->od;
}

static int64_t place_of(const cake_pool3d *p, const cake_span at[3], int64_t t, int64_t r, int64_t s)
{
    return ((at[0].offset + t * p->dil_d) * p->ih + at[1].offset + r * p->dil_h) * p->iw + at[2].offset +
           s * p->dil_w;
}

/* The largest value of the window, or the sum of its values; and its place in the volume, or the sum's magnitude. */
typedef struct pooled {
    double value, magnitude;
    int64_t place;
} pooled;

static pooled pool(const cake_pool3d *p, const double *volume, const cake_span at[3])
{
    pooled result = {.value = p->kind == CAKE_POOL_MAX ? -INFINITY : 0, .place = -1};

    for (int64_t t = at[0].inside.begin; t < at[0].inside.end; t++)
        for (int64_t r = at[1].inside.begin; r < at[1].inside.end; r++)
            for (int64_t s = at[2].inside.begin; s < at[2].inside.end; s++) {
                const int64_t place = place_of(p, at, t, r, s);
                const double x = volume[place];

                if (p->kind == CAKE_POOL_AVG) {
                    result.value += x;
                    result.magnitude += fabs(x);
                } else if (x > result.value || result.place < 0 || isnan(x)) {
                    result.value = x;
                    result.place = place;
                }
            }
    return result;
}

static cake_expected output(const cake_reference *reference, int64_t element)
{
    const cake_pool3d *p = reference->params;
    cake_span at[3];
    const int64_t channel = windows_at(p, element, p->count_pad != 0, at);
    const double count = (double)at[0].counted * (double)at[1].counted * (double)at[2].counted;
    const pooled result = pool(p, reference->values[0] + channel * p->id * p->ih * p->iw, at);

    if (p->kind == CAKE_POOL_MAX)
        return (cake_expected){.value = result.value};
    return cake_expect(reference, result.value / count,
                       (cake_bound_sum(count, reference->u) + CAKE_ROUNDINGS_DIVIDE * reference->u) *
                           result.magnitude / count);
}

static int64_t blocks(const void *params)
{
    const cake_pool3d *p = params;

    return p->n * p->c * p->od;
}

/* A block is a plane of the output. */
static void block(const cake_reference *reference, int64_t plane, cake_expected *const *expected)
{
    const cake_pool3d *p = reference->params;

    for (int64_t i = plane * p->oh * p->ow; i < (plane + 1) * p->oh * p->ow; i++)
        expected[0][i] = output(reference, i);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    (void)changed;
    return output(reference, place.element);
}

/* Of a maximum's window the place of the maximum, the one word on whose every change the output depends. */
static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_pool3d *p = reference->params;
    cake_span at[3];
    const int64_t first = windows_at(p, place.element, false, at) * p->id * p->ih * p->iw;
    int64_t t, r, s;

    if (p->kind == CAKE_POOL_MAX)
        return (cake_place){0, first + pool(p, reference->values[0] + first, at).place};
    t = cake_pick(at[0].inside, random);
    r = cake_pick(at[1].inside, random);
    s = cake_pick(at[2].inside, random);
    return (cake_place){0, first + place_of(p, at, t, r, s)};
}

const cake_op cake_op_pool3d = {
    .name = "pool3d",
    .family = "pooling",
    .summary = "largest or mean value of each window of a volume",
    .params_size = sizeof(cake_pool3d),
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
