/* conv2d: cross-correlation, as every framework calls convolution,
 *
 *   y[n,o,p,q] = b[o] + sum over c, r, s of
 *                x[n, g (ic/groups) + c, p stride_h - pad_t + r dil_h, q stride_w - pad_l + s dil_w] w[o,c,r,s]
 *
 * with g = o / (oc/groups), and x zero outside of the image. ONNX: Conv. Depthwise is groups = ic.
 *
 * Error of a kernel that sums these products in any order: c(k + 1) u times the sum of the absolute values, with
 * k = (ic/groups) kh kw (bounds.c). conv2d_fast.c derives what Winograd's algorithms are allowed. */
#include "reference/conv2d.h"

#include <string.h>

#include "reference/window.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_conv2d, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_conv2d, ic, NULL, 1, CAKE_EXTENT_MAX, "input channels"),
    CAKE_SIZE_ROW(cake_conv2d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_conv2d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_SIZE_ROW(cake_conv2d, oc, NULL, 1, CAKE_EXTENT_MAX, "output channels"),
    CAKE_ALIAS_ROW("k", "filter height and width", "kh", "kw"),
    CAKE_SIZE_ROW(cake_conv2d, kh, NULL, 1, CAKE_WINDOW_MAX, "filter height"),
    CAKE_SIZE_ROW(cake_conv2d, kw, NULL, 1, CAKE_WINDOW_MAX, "filter width"),
    CAKE_WINDOW_ROWS_2D(cake_conv2d),
    CAKE_SIZE_ROW(cake_conv2d, groups, "1", 1, CAKE_EXTENT_MAX, "groups of channels; = ic: depthwise"),
    CAKE_FLAG_ROW(cake_conv2d, bias, "0", "1: add b"),
    {.key = NULL},
};

static cake_window rows_of(const cake_conv2d *p)
{
    return (cake_window){'h', p->ih, p->kh, p->stride_h, p->pad_t, p->pad_b, p->dil_h};
}

static cake_window columns_of(const cake_conv2d *p)
{
    return (cake_window){'w', p->iw, p->kw, p->stride_w, p->pad_l, p->pad_r, p->dil_w};
}

static cake_status validate(void *params, cake_error *error)
{
    cake_conv2d *p = params;
    const cake_window rows = rows_of(p), columns = columns_of(p);
    cake_status status;

    if ((status = cake_validate_groups(p->groups, p->ic, p->oc, error)) != CAKE_OK ||
        (status = cake_window_count(&rows, false, &p->oh, error)) != CAKE_OK ||
        (status = cake_window_count(&columns, false, &p->ow, error)) != CAKE_OK)
        return status;
    return cake_validate_tensors(&cake_op_conv2d, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_conv2d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->n, p->ic, p->ih, p->iw})->image = true;
    cake_tensor_add(list, "w", CAKE_ROLE_CONSTANT, 4, (int64_t[]){p->oc, p->ic / p->groups, p->kh, p->kw});
    if (p->bias)
        cake_tensor_add(list, "b", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->oc});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->oc, p->oh, p->ow})->image = true;
}

/* Products of an output element, those with padding included. */
static double products(const cake_conv2d *p)
{
    return (double)(p->ic / p->groups) * (double)p->kh * (double)p->kw;
}

static double flops(const void *params)
{
    const cake_conv2d *p = params;

    return (double)p->n * (double)p->oc * (double)p->oh * (double)p->ow * (2 * products(p) + p->bias);
}

static double least_flops(const void *params)
{
    const cake_conv2d *p = params;
    const cake_window rows = rows_of(p), columns = columns_of(p);
    const double products =
        (double)(p->ic / p->groups) * cake_window_places(&rows, p->oh) * cake_window_places(&columns, p->ow);

    return (double)p->n * (double)p->oc * (2 * products + (p->bias ? (double)p->oh * (double)p->ow : 0));
}

static bool exact_on_integers(const void *params)
{
    const cake_conv2d *p = params;

    return cake_sum_is_exact(products(p) + p->bias);
}

static cake_expected finish(const cake_reference *reference, int64_t o, double fast, cake_sum sum)
{
    const cake_conv2d *p = reference->params;
    double rounding;

    if (p->bias) {
        const double b = reference->values[2][o];

        sum.value += b;
        sum.magnitude += fabs(b);
    }
    rounding = cake_bound_sum(products(p) + 1, reference->u) * sum.magnitude;
    return cake_expect(reference, sum.value, fmax(rounding, fast));
}

/* A tile of outputs: neighbouring positions (row-major in a plane) of neighbouring channels of one group and image.
 */
enum { POSITIONS = 16, CHANNELS = 32, TERMS = 512 };

typedef struct tile {
    int64_t n, o, position;      /* the first channel and position */
    int64_t channels, positions; /* how many, 1 .. CHANNELS, 1 .. POSITIONS */
    cake_sum sum[CHANNELS][POSITIONS];
} tile;

/* Copy terms begin .. end-1, in the filter's order, of the window of one output position; 0 for padding. `x` is the
 * first channel of the group. */
static void gather(const cake_conv2d *p, const double *x, int64_t position, int64_t begin, int64_t end,
                   double *window)
{
    const int64_t top = position / p->ow * p->stride_h - p->pad_t;
    const int64_t left = position % p->ow * p->stride_w - p->pad_l;
    int64_t c = begin / (p->kh * p->kw), r = begin / p->kw % p->kh, s = begin % p->kw;

    for (int64_t term = begin; term < end; term++) {
        const int64_t i = top + r * p->dil_h, j = left + s * p->dil_w;

        *window++ = i >= 0 && i < p->ih && j >= 0 && j < p->iw ? x[(c * p->ih + i) * p->iw + j] : 0;
        if (++s == p->kw) {
            s = 0;
            if (++r == p->kh) {
                r = 0;
                c++;
            }
        }
    }
}

/* Every output is the dot product of its window with its filter. The windows are gathered once for all channels of
 * the tile, and in pieces that stay in the cache. */
static void compute(const cake_reference *reference, tile *t)
{
    const cake_conv2d *p = reference->params;
    const int64_t group_channels = p->ic / p->groups, terms = group_channels * p->kh * p->kw;
    const int64_t first_channel = t->o / (p->oc / p->groups) * group_channels;
    const double *x = reference->values[0] + (t->n * p->ic + first_channel) * p->ih * p->iw;
    const double *w = reference->values[1] + t->o * terms;
    double window[POSITIONS][TERMS];

    memset(t->sum, 0, sizeof t->sum);
    for (int64_t begin = 0; begin < terms; begin += TERMS) {
        const int64_t end = begin + TERMS < terms ? begin + TERMS : terms;

        for (int64_t i = 0; i < t->positions; i++)
            gather(p, x, t->position + i, begin, end, window[i]);
        for (int64_t o = 0; o < t->channels; o++)
            for (int64_t i = 0; i < t->positions; i++) {
                const cake_sum part = cake_dot(w + o * terms + begin, window[i], end - begin);

                t->sum[o][i].value += part.value;
                t->sum[o][i].magnitude += part.magnitude;
            }
    }
}

/* Blocks are tiles; those of one group's channels follow each other, then the groups, positions and images. */
static int64_t channel_tiles(const cake_conv2d *p)
{
    return cake_ceil_div(p->oc / p->groups, CHANNELS);
}

static int64_t position_tiles(const cake_conv2d *p)
{
    return cake_ceil_div(p->oh * p->ow, POSITIONS);
}

static int64_t blocks(const void *params)
{
    const cake_conv2d *p = params;

    return p->n * position_tiles(p) * p->groups * channel_tiles(p);
}

static int64_t at_most(int64_t count, int64_t limit)
{
    return count < limit ? count : limit;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_conv2d *p = reference->params;
    const int64_t tiles = channel_tiles(p), group_outputs = p->oc / p->groups, plane = p->oh * p->ow;
    const int64_t first_of_group = index % tiles * CHANNELS, group = index / tiles % p->groups;
    tile t = {.o = group * group_outputs + first_of_group,
              .position = index / tiles / p->groups % position_tiles(p) * POSITIONS,
              .n = index / tiles / p->groups / position_tiles(p)};

    t.channels = at_most(group_outputs - first_of_group, CHANNELS);
    t.positions = at_most(plane - t.position, POSITIONS);
    compute(reference, &t);
    for (int64_t o = 0; o < t.channels; o++) {
        const double fast = cake_conv2d_fast_error(reference, t.n, t.o + o, NULL);
        cake_expected *to = expected[0] + (t.n * p->oc + t.o + o) * plane + t.position;

        for (int64_t i = 0; i < t.positions; i++)
            to[i] = finish(reference, t.o + o, fast, t.sum[o][i]);
    }
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_conv2d *p = reference->params;
    const int64_t plane = p->oh * p->ow;
    tile t = {.n = place.element / plane / p->oc,
              .o = place.element / plane % p->oc,
              .position = place.element % plane,
              .channels = 1,
              .positions = 1};

    compute(reference, &t);
    return finish(reference, t.o, cake_conv2d_fast_error(reference, t.n, t.o, changed), t.sum[0][0]);
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_conv2d *p = reference->params;
    const int64_t column = place.element % p->ow, row = place.element / p->ow % p->oh;
    const int64_t o = place.element / p->ow / p->oh % p->oc, n = place.element / p->ow / p->oh / p->oc;
    const int64_t top = row * p->stride_h - p->pad_t, left = column * p->stride_w - p->pad_l;
    const cake_range rows = cake_inside(top, p->dil_h, p->ih, p->kh);
    const cake_range columns = cake_inside(left, p->dil_w, p->iw, p->kw);
    const int64_t group_channels = p->ic / p->groups;
    int64_t c, i, j;

    if (rows.begin >= rows.end || columns.begin >= columns.end)
        return (cake_place){.tensor = -1};
    c = o / (p->oc / p->groups) * group_channels + (int64_t)cake_random_below(random, (uint64_t)group_channels);
    i = top + cake_pick(rows, random) * p->dil_h;
    j = left + cake_pick(columns, random) * p->dil_w;
    return (cake_place){.tensor = 0, .element = ((n * p->ic + c) * p->ih + i) * p->iw + j};
}

const cake_op cake_op_conv2d = {
    .name = "conv2d",
    .family = "convolution",
    .summary = "convolution of images, with stride, padding, dilation and groups",
    .params_size = sizeof(cake_conv2d),
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
    .prepare = cake_conv2d_fast_prepare,
    .release = cake_conv2d_fast_release,
};
