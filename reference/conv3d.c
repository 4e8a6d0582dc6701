/* conv3d: cross-correlation of volumes,
 *
 *   y[n,o,m,p,q] = b[o] + sum over c, t, r, s of w[o,c,t,r,s] x[n, g (ic/groups) + c, i, j, k]
 *   at i = m stride_d - pad_f + t dil_d, j = p stride_h - pad_t + r dil_h, k = q stride_w - pad_l + s dil_w
 *
 * with g = o / (oc/groups), and x zero outside of the volume. ONNX: Conv of five dimensions.
 *
 * Error of a kernel that sums these products in any order: as of conv2d, c(k + 1) u times the sum of the absolute
 * values, with k = (ic/groups) kd kh kw (bounds.c). */

#include "reference/window.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_conv3d, n, "1", 1, CAKE_EXTENT_MAX, "volumes"),
    CAKE_SIZE_ROW(cake_conv3d, ic, NULL, 1, CAKE_EXTENT_MAX, "input channels"),
    CAKE_SIZE_ROW(cake_conv3d, id, NULL, 1, CAKE_EXTENT_MAX, "input depth"),
    CAKE_SIZE_ROW(cake_conv3d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_conv3d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_SIZE_ROW(cake_conv3d, oc, NULL, 1, CAKE_EXTENT_MAX, "output channels"),
    CAKE_ALIAS_ROW("k", "filter depth, height and width", "kd", "kh", "kw"),
    CAKE_SIZE_ROW(cake_conv3d, kd, NULL, 1, CAKE_WINDOW_MAX, "filter depth"),
    CAKE_SIZE_ROW(cake_conv3d, kh, NULL, 1, CAKE_WINDOW_MAX, "filter height"),
    CAKE_SIZE_ROW(cake_conv3d, kw, NULL, 1, CAKE_WINDOW_MAX, "filter width"),
    CAKE_WINDOW_ROWS_3D(cake_conv3d),
    CAKE_SIZE_ROW(cake_conv3d, groups, "1", 1, CAKE_EXTENT_MAX, "groups of channels; = ic: depthwise"),
    CAKE_FLAG_ROW(cake_conv3d, bias, "0", "1: add b"),
    {.key = NULL},
};

static cake_window planes_of(const cake_conv3d *p)
{
    return (cake_window){'d', p->id, p->kd, p->stride_d, p->pad_f, p->pad_k, p->dil_d};
}

static cake_window rows_of(const cake_conv3d *p)
{
    return (cake_window){'h', p->ih, p->kh, p->stride_h, p->pad_t, p->pad_b, p->dil_h};
}

static cake_window columns_of(const cake_conv3d *p)
{
    return (cake_window){'w', p->iw, p->kw, p->stride_w, p->pad_l, p->pad_r, p->dil_w};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_conv3d *p = params;
    const cake_window planes = planes_of(p), rows = rows_of(p), columns = columns_of(p);
    cake_status status;

    if ((status = cake_validate_groups(p->groups, p->ic, p->oc, error)) != CAKE_OK ||
        (status = cake_window_count(&planes, false, &p->od, error)) != CAKE_OK ||
        (status = cake_window_count(&rows, false, &p->oh, error)) != CAKE_OK ||
        (status = cake_window_count(&columns, false, &p->ow, error)) != CAKE_OK)
        return status;
    return cake_validate_tensors(&cake_op_conv3d, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_conv3d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 5, (int64_t[]){p->n, p->ic, p->id, p->ih, p->iw});
    cake_tensor_add(list, "w", CAKE_ROLE_CONSTANT, 5, (int64_t[]){p->oc, p->ic / p->groups, p->kd, p->kh, p->kw});
    if (p->bias)
        cake_tensor_add(list, "b", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->oc});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 5, (int64_t[]){p->n, p->oc, p->od, p->oh, p->ow});
}

/* Products of an output element, those with padding included. */
static double products(const cake_conv3d *p)
{
    return (double)(p->ic / p->groups) * (double)p->kd * (double)p->kh * (double)p->kw;
}

static double flops(const void *params)
{
    const cake_conv3d *p = params;

    return (double)p->n * (double)p->oc * (double)p->od * (double)p->oh * (double)p->ow * (2 * products(p) + p->bias);
}

static double least_flops(const void *params)
{
    const cake_conv3d *p = params;
    const cake_window planes = planes_of(p), rows = rows_of(p), columns = columns_of(p);
    const double products = (double)(p->ic / p->groups) * cake_window_places(&planes, p->od) *
                            cake_window_places(&rows, p->oh) * cake_window_places(&columns, p->ow);
    const double outputs = (double)p->od * (double)p->oh * (double)p->ow;

    return (double)p->n * (double)p->oc * (2 * products + (p->bias ? outputs : 0));
}

static bool exact_on_integers(const void *params)
{
    const cake_conv3d *p = params;

    return cake_sum_is_exact(products(p) + p->bias);
}

/* A row of the window times a row of the filter. */
static cake_sum row_product(const double *x, int64_t step, const double *w, int64_t count)
{
    cake_sum sum = {0, 0};

    if (step == 1)
        return cake_dot(x, w, count);
    for (int64_t s = 0; s < count; s++) {
        sum.value += x[s * step] * w[s];
        sum.magnitude += fabs(x[s * step] * w[s]);
    }
    return sum;
}

static cake_expected output(const cake_reference *reference, int64_t n, int64_t o, const cake_span at[3])
{
    const cake_conv3d *p = reference->params;
    const int64_t channels = p->ic / p->groups, count = at[2].inside.end - at[2].inside.begin;
    const double *x = reference->values[0] + (n * p->ic + o / (p->oc / p->groups) * channels) * p->id * p->ih * p->iw;
    const double *w = reference->values[1] + o * channels * p->kd * p->kh * p->kw;
    cake_sum sum = {0, 0};

    for (int64_t c = 0; c < channels && count > 0; c++)
        for (int64_t t = at[0].inside.begin; t < at[0].inside.end; t++)
            for (int64_t r = at[1].inside.begin; r < at[1].inside.end; r++) {
                const int64_t i = at[0].offset + t * p->dil_d, j = at[1].offset + r * p->dil_h;
                const int64_t k = at[2].offset + at[2].inside.begin * p->dil_w;
                const cake_sum row =
                    row_product(x + ((c * p->id + i) * p->ih + j) * p->iw + k, p->dil_w,
                                w + ((c * p->kd + t) * p->kh + r) * p->kw + at[2].inside.begin, count);

                sum.value += row.value;
                sum.magnitude += row.magnitude;
            }
    if (p->bias) {
        sum.value += reference->values[2][o];
        sum.magnitude += fabs(reference->values[2][o]);
    }
    return cake_expect(reference, sum.value, cake_bound_sum(products(p) + 1, reference->u) * sum.magnitude);
}

static int64_t blocks(const void *params)
{
    const cake_conv3d *p = params;

    return p->n * p->oc * p->od;
}

/* A block is a plane of the output. */
static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_conv3d *p = reference->params;
    const cake_window planes = planes_of(p), rows = rows_of(p), columns = columns_of(p);
    cake_expected *to = expected[0] + index * p->oh * p->ow;
    cake_span at[3] = {cake_window_at(&planes, index % p->od, false)};

    for (int64_t row = 0; row < p->oh; row++)
        for (int64_t column = 0; column < p->ow; column++) {
            at[1] = cake_window_at(&rows, row, false);
            at[2] = cake_window_at(&columns, column, false);
            *to++ = output(reference, index / p->od / p->oc, index / p->od % p->oc, at);
        }
}

/* The windows at an output element; *plane numbers its image and channel. */
static void windows_at(const cake_conv3d *p, int64_t element, cake_span at[3], int64_t *plane)
{
    const cake_window planes = planes_of(p), rows = rows_of(p), columns = columns_of(p);

    at[0] = cake_window_at(&planes, element / p->ow / p->oh % p->od, false);
    at[1] = cake_window_at(&rows, element / p->ow % p->oh, false);
    at[2] = cake_window_at(&columns, element % p->ow, false);
    *plane = element / p->ow / p->oh / p->od;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_conv3d *p = reference->params;
    cake_span at[3];
    int64_t plane;

    (void)changed;
    windows_at(p, place.element, at, &plane);
    return output(reference, plane / p->oc, plane % p->oc, at);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_conv3d *p = reference->params;
    const int64_t channels = p->ic / p->groups;
    int64_t plane, c, i, j, k;
    cake_span at[3];

    windows_at(p, place.element, at, &plane);
    for (int a = 0; a < 3; a++)
        if (at[a].inside.begin >= at[a].inside.end)
            return (cake_place){.tensor = -1};
    c = plane % p->oc / (p->oc / p->groups) * channels + (int64_t)cake_random_below(random, (uint64_t)channels);
    i = at[0].offset + cake_pick(at[0].inside, random) * p->dil_d;
    j = at[1].offset + cake_pick(at[1].inside, random) * p->dil_h;
    k = at[2].offset + cake_pick(at[2].inside, random) * p->dil_w;
    return (cake_place){0, (((plane / p->oc * p->ic + c) * p->id + i) * p->ih + j) * p->iw + k};
}

const cake_op cake_op_conv3d = {
    .name = "conv3d",
    .family = "convolution",
    .summary = "convolution of volumes, with stride, padding, dilation and groups",
    .params_size = sizeof(cake_conv3d),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .least_flops = least_flops,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
};
