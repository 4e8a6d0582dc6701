/* pool2d: the largest or the mean value of each window, kh x kw places of one channel, dilated, over the padded
 * image. ONNX: MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool.
 *
 * A maximum leaves the padding out. A mean divides by the number of the window's places inside the image; with
 * count_pad by the number inside the padded image, where padding has the value 0. Places beyond the padding, which
 * ceil_mode can reach, never count.
 *
 * Error: a maximum is one of the inputs, exactly. A mean of k values is c(k) u times the mean of the absolute values
 * for the sum (bounds.c), and the division's roundings. */
#include "reference/window.h"

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_pool2d, kind, NULL, "the largest value or the mean", "max", "avg"),
    CAKE_SIZE_ROW(cake_pool2d, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_pool2d, c, NULL, 1, CAKE_EXTENT_MAX, "channels"),
    CAKE_SIZE_ROW(cake_pool2d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_pool2d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_ALIAS_ROW("k", "window height and width; 0 = the whole image", "kh", "kw"),
    CAKE_SIZE_ROW(cake_pool2d, kh, NULL, 0, CAKE_WINDOW_MAX, "window height; 0 = the image's"),
    CAKE_SIZE_ROW(cake_pool2d, kw, NULL, 0, CAKE_WINDOW_MAX, "window width; 0 = the image's"),
    CAKE_ALIAS_ROW("stride", "both strides", "stride_h", "stride_w"),
    CAKE_SIZE_ROW(cake_pool2d, stride_h, "1", 1, CAKE_WINDOW_MAX, "rows from window to window"),
    CAKE_SIZE_ROW(cake_pool2d, stride_w, "1", 1, CAKE_WINDOW_MAX, "columns from window to window"),
    CAKE_ALIAS_ROW("pad", "padding on all four sides", "pad_t", "pad_b", "pad_l", "pad_r"),
    CAKE_ALIAS_ROW("pad_h", "padding above and below", "pad_t", "pad_b"),
    CAKE_ALIAS_ROW("pad_w", "padding left and right", "pad_l", "pad_r"),
    CAKE_SIZE_ROW(cake_pool2d, pad_t, "0", 0, CAKE_WINDOW_MAX, "rows above the image"),
    CAKE_SIZE_ROW(cake_pool2d, pad_b, "0", 0, CAKE_WINDOW_MAX, "rows below the image"),
    CAKE_SIZE_ROW(cake_pool2d, pad_l, "0", 0, CAKE_WINDOW_MAX, "columns left of the image"),
    CAKE_SIZE_ROW(cake_pool2d, pad_r, "0", 0, CAKE_WINDOW_MAX, "columns right of the image"),
    CAKE_ALIAS_ROW("dil", "both dilations", "dil_h", "dil_w"),
    CAKE_SIZE_ROW(cake_pool2d, dil_h, "1", 1, CAKE_WINDOW_MAX,
                  "rows between neighbours in the window; 1 = none left out"),
    CAKE_SIZE_ROW(cake_pool2d, dil_w, "1", 1, CAKE_WINDOW_MAX, "columns between neighbours in the window"),
    CAKE_FLAG_ROW(cake_pool2d, count_pad, "0", "1: a mean counts the padding"),
    CAKE_FLAG_ROW(cake_pool2d, ceil_mode, "0", "1: round the output's size up"),
    {.key = NULL},
};

static cake_window rows_of(const cake_pool2d *p)
{
    return (cake_window){'h', p->ih, p->kh, p->stride_h, p->pad_t, p->pad_b, p->dil_h};
}

static cake_window columns_of(const cake_pool2d *p)
{
    return (cake_window){'w', p->iw, p->kw, p->stride_w, p->pad_l, p->pad_r, p->dil_w};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_pool2d *p = params;
    cake_window rows, columns;
    cake_status status;

    if (p->kh == 0)
        p->kh = p->ih;
    if (p->kw == 0)
        p->kw = p->iw;
    if (p->kind == CAKE_POOL_MAX && p->count_pad)
        return cake_fail(error, CAKE_E_USAGE, "pool2d: expected count_pad=0 with kind=max, found count_pad=1");
    rows = rows_of(p);
    columns = columns_of(p);
    if ((status = cake_window_count_pooled(&rows, p->ceil_mode != 0, "pool2d", &p->oh, error)) != CAKE_OK ||
        (status = cake_window_count_pooled(&columns, p->ceil_mode != 0, "pool2d", &p->ow, error)) != CAKE_OK)
        return status;
    return cake_validate_tensors(&cake_op_pool2d, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_pool2d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->n, p->c, p->ih, p->iw})->image = true;
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->c, p->oh, p->ow})->image = true;
}

/* A comparison or an addition for each place of each window, and a mean's division. */
static double flops(const void *params)
{
    const cake_pool2d *p = params;
    const double outputs = (double)p->n * (double)p->c * (double)p->oh * (double)p->ow;

    return outputs * ((double)p->kh * (double)p->kw - (p->kind == CAKE_POOL_MAX));
}

static bool exact_on_integers(const void *params)
{
    return ((const cake_pool2d *)params)->kind == CAKE_POOL_MAX;
}

/* The largest value of the window, or the sum of its values; and its place in the plane, or the sum's magnitude. */
typedef struct pooled {
    double value, magnitude;
    int64_t place;
} pooled;

static pooled pool(const cake_pool2d *p, const double *plane, const cake_span *rows, const cake_span *columns)
{
    pooled result = {.value = p->kind == CAKE_POOL_MAX ? -INFINITY : 0, .place = -1};

    for (int64_t r = rows->inside.begin; r < rows->inside.end; r++)
        for (int64_t s = columns->inside.begin; s < columns->inside.end; s++) {
            const int64_t place = (rows->offset + r * p->dil_h) * p->iw + columns->offset + s * p->dil_w;
            const double x = plane[place];

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

static cake_expected output(const cake_reference *reference, int64_t plane, int64_t row, int64_t column)
{
    const cake_pool2d *p = reference->params;
    const cake_window row_windows = rows_of(p), column_windows = columns_of(p);
    const cake_span rows = cake_window_at(&row_windows, row, p->count_pad != 0);
    const cake_span columns = cake_window_at(&column_windows, column, p->count_pad != 0);
    const double count = (double)rows.counted * (double)columns.counted;
    const pooled result = pool(p, reference->values[0] + plane * p->ih * p->iw, &rows, &columns);

    if (p->kind == CAKE_POOL_MAX)
        return (cake_expected){.value = result.value};
    return cake_expect(reference, result.value / count,
                       (cake_bound_sum(count, reference->u) + CAKE_ROUNDINGS_DIVIDE * reference->u) *
                           result.magnitude / count);
}

static int64_t blocks(const void *params)
{
    const cake_pool2d *p = params;

    return p->n * p->c;
}

static void block(const cake_reference *reference, int64_t plane, cake_expected *const *expected)
{
    const cake_pool2d *p = reference->params;
    cake_expected *to = expected[0] + plane * p->oh * p->ow;

    for (int64_t row = 0; row < p->oh; row++)
        for (int64_t column = 0; column < p->ow; column++)
            *to++ = output(reference, plane, row, column);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_pool2d *p = reference->params;

    (void)changed;
    return output(reference, place.element / p->ow / p->oh, place.element / p->ow % p->oh, place.element % p->ow);
}

/* Of a maximum's window the place of the maximum, the one word on whose every change the output depends. */
static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_pool2d *p = reference->params;
    const int64_t plane = place.element / p->ow / p->oh, first = plane * p->ih * p->iw;
    const cake_window row_windows = rows_of(p), column_windows = columns_of(p);
    const cake_span rows = cake_window_at(&row_windows, place.element / p->ow % p->oh, false);
    const cake_span columns = cake_window_at(&column_windows, place.element % p->ow, false);
    int64_t row, column;

    if (p->kind == CAKE_POOL_MAX)
        return (cake_place){.tensor = 0,
                            .element = first + pool(p, reference->values[0] + first, &rows, &columns).place};
    row = rows.offset + cake_pick(rows.inside, random) * p->dil_h;
    column = columns.offset + cake_pick(columns.inside, random) * p->dil_w;
    return (cake_place){.tensor = 0, .element = first + row * p->iw + column};
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
