/* conv_transpose2d: each place of x lays its filters, times its value, onto the output,
 *
 *   y[n,o,p,q] = b[o] + sum over c, r, s of x[n, g (ic/groups) + c, i, j] w[g (ic/groups) + c, o - g (oc/groups), r, s]
 *   over the places i, j of x with i stride_h + r dil_h - pad_t = p and j stride_w + s dil_w - pad_l = q
 *
 * with g = o / (oc/groups): as a matrix, conv2d's transposed. ONNX: ConvTranspose; "deconvolution" (Zeiler et al. 2010).
 *
 * Error of a kernel that sums these products in any order: c(k + 1) u times the sum of the absolute values, with k
 * (ic/groups) times the filter's places that may meet one output (bounds.c). Of kh places a stride leaves every
 * stride_h / gcd(stride_h, dil_h)th at most. */
#include <inttypes.h>

#include "reference/window.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_conv_transpose2d, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, ic, NULL, 1, CAKE_EXTENT_MAX, "input channels"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, ih, NULL, 1, CAKE_EXTENT_MAX, "input height"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, iw, NULL, 1, CAKE_EXTENT_MAX, "input width"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, oc, NULL, 1, CAKE_EXTENT_MAX, "output channels"),
    CAKE_ALIAS_ROW("k", "filter height and width", "kh", "kw"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, kh, NULL, 1, CAKE_WINDOW_MAX, "filter height"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, kw, NULL, 1, CAKE_WINDOW_MAX, "filter width"),
    CAKE_ALIAS_ROW("stride", "both strides", "stride_h", "stride_w"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, stride_h, "1", 1, CAKE_WINDOW_MAX,
                  "output rows from input row to input row"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, stride_w, "1", 1, CAKE_WINDOW_MAX, "output columns likewise"),
    CAKE_ALIAS_ROW("pad", "what is cut off on all four sides", "pad_t", "pad_b", "pad_l", "pad_r"),
    CAKE_ALIAS_ROW("pad_h", "what is cut off above and below", "pad_t", "pad_b"),
    CAKE_ALIAS_ROW("pad_w", "what is cut off left and right", "pad_l", "pad_r"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, pad_t, "0", 0, CAKE_WINDOW_MAX, "output rows cut off above"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, pad_b, "0", 0, CAKE_WINDOW_MAX, "output rows cut off below"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, pad_l, "0", 0, CAKE_WINDOW_MAX, "output columns cut off on the left"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, pad_r, "0", 0, CAKE_WINDOW_MAX, "output columns cut off on the right"),
    CAKE_ALIAS_ROW("out_pad", "rows and columns more", "out_pad_h", "out_pad_w"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, out_pad_h, "0", 0, CAKE_WINDOW_MAX, "output rows more, below"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, out_pad_w, "0", 0, CAKE_WINDOW_MAX, "output columns more, on the right"),
    CAKE_ALIAS_ROW("dil", "both dilations", "dil_h", "dil_w"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, dil_h, "1", 1, CAKE_WINDOW_MAX,
                  "rows between neighbours in the filter; 1 = none left out"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, dil_w, "1", 1, CAKE_WINDOW_MAX, "columns between neighbours in the filter"),
    CAKE_SIZE_ROW(cake_conv_transpose2d, groups, "1", 1, CAKE_EXTENT_MAX, "groups of channels; = ic: depthwise"),
    CAKE_FLAG_ROW(cake_conv_transpose2d, bias, "0", "1: add b"),
    {.key = NULL},
};

/* One axis: how an input place, a place of the filter and an output place meet. */
typedef struct axis {
    char name;
    int64_t in, kernel, stride, dilation, pad_begin, pad_end, out_pad;
} axis;

static axis rows_of(const cake_conv_transpose2d *p)
{
    return (axis){'h', p->ih, p->kh, p->stride_h, p->dil_h, p->pad_t, p->pad_b, p->out_pad_h};
}

static axis columns_of(const cake_conv_transpose2d *p)
{
    return (axis){'w', p->iw, p->kw, p->stride_w, p->dil_w, p->pad_l, p->pad_r, p->out_pad_w};
}

static cake_status validate_axis(const axis *a, int64_t *out, cake_error *error)
{
    const int64_t all = (a->in - 1) * a->stride + (a->kernel - 1) * a->dilation + 1 + a->out_pad;

    if (a->out_pad > 0 && a->out_pad >= a->stride && a->out_pad >= a->dilation)
        return cake_fail(error, CAKE_E_USAGE,
                         "expected out_pad_%c smaller than stride_%c=%" PRId64 " or dil_%c=%" PRId64
                         ", found out_pad_%c=%" PRId64,
                         a->name, a->name, a->stride, a->name, a->dilation, a->name, a->out_pad);
    if (all <= a->pad_begin + a->pad_end)
        return cake_fail(error, CAKE_E_USAGE,
                         "expected padding that leaves something of %" PRId64 " (i%c=%" PRId64 " k%c=%" PRId64
                         "), found %" PRId64 " + %" PRId64,
                         all, a->name, a->in, a->name, a->kernel, a->pad_begin, a->pad_end);
    *out = all - a->pad_begin - a->pad_end;
    return CAKE_OK;
}

static cake_status validate(void *params, cake_error *error)
{
    cake_conv_transpose2d *p = params;
    const axis rows = rows_of(p), columns = columns_of(p);
    cake_status status;

    if ((status = cake_validate_groups(p->groups, p->ic, p->oc, error)) != CAKE_OK ||
        (status = validate_axis(&rows, &p->oh, error)) != CAKE_OK ||
        (status = validate_axis(&columns, &p->ow, error)) != CAKE_OK)
        return status;
    return cake_validate_tensors(&cake_op_conv_transpose2d, p, error);
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_conv_transpose2d *p = params;

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, (int64_t[]){p->n, p->ic, p->ih, p->iw})->image = true;
    cake_tensor_add(list, "w", CAKE_ROLE_CONSTANT, 4, (int64_t[]){p->ic, p->oc / p->groups, p->kh, p->kw});
    if (p->bias)
        cake_tensor_add(list, "b", CAKE_ROLE_CONSTANT, 1, (int64_t[]){p->oc});
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->n, p->oc, p->oh, p->ow})->image = true;
}

static int64_t greatest_common_divisor(int64_t a, int64_t b)
{
    return b == 0 ? a : greatest_common_divisor(b, a % b);
}

/* Places of the filter that may meet one output place. */
static double meeting(const axis *a)
{
    return (double)cake_ceil_div(a->kernel, a->stride / greatest_common_divisor(a->stride, a->dilation));
}

static double products(const cake_conv_transpose2d *p)
{
    const axis rows = rows_of(p), columns = columns_of(p);

    return (double)(p->ic / p->groups) * meeting(&rows) * meeting(&columns);
}

/* Every place of x times every place of its filters, those that are cut off included. */
static double flops(const void *params)
{
    const cake_conv_transpose2d *p = params;
    const double filters = (double)p->ic * (double)(p->oc / p->groups) * (double)p->kh * (double)p->kw;

    return (double)p->n * (2 * filters * (double)p->ih * (double)p->iw +
                           (p->bias ? (double)p->oc * (double)p->oh * (double)p->ow : 0));
}

/* How often a place of the input meets an output through a place of the filter. */
static double meetings(const axis *a, int64_t out)
{
    double count = 0;

    for (int64_t tap = 0; tap < a->kernel; tap++) {
        cake_range inside = cake_inside(tap * a->dilation - a->pad_begin, a->stride, out, a->in);

        count += inside.end > inside.begin ? (double)(inside.end - inside.begin) : 0;
    }
    return count;
}

static double least_flops(const void *params)
{
    const cake_conv_transpose2d *p = params;
    const axis rows = rows_of(p), columns = columns_of(p);
    const double products =
        (double)p->ic * (double)(p->oc / p->groups) * meetings(&rows, p->oh) * meetings(&columns, p->ow);

    return (double)p->n * (2 * products + (p->bias ? (double)p->oc * (double)p->oh * (double)p->ow : 0));
}

static bool exact_on_integers(const void *params)
{
    const cake_conv_transpose2d *p = params;

    return cake_sum_is_exact(products(p) + p->bias);
}

/* The input place that filter place `tap` brings to output place `out`, or -1. */
static int64_t input_place(const axis *a, int64_t out, int64_t tap)
{
    const int64_t at = out + a->pad_begin - tap * a->dilation;

    return at >= 0 && at % a->stride == 0 && at / a->stride < a->in ? at / a->stride : -1;
}

static cake_expected output(const cake_reference *reference, int64_t n, int64_t o, int64_t row, int64_t column)
{
    const cake_conv_transpose2d *p = reference->params;
    const axis rows = rows_of(p), columns = columns_of(p);
    const int64_t channels = p->ic / p->groups, filters = p->oc / p->groups, first = o / filters * channels;
    cake_sum sum = {0, 0};

    for (int64_t r = 0; r < p->kh; r++) {
        const int64_t i = input_place(&rows, row, r);

        for (int64_t s = 0; s < p->kw && i >= 0; s++) {
            const int64_t j = input_place(&columns, column, s);

            for (int64_t c = first; c < first + channels && j >= 0; c++) {
                const double product = reference->values[0][((n * p->ic + c) * p->ih + i) * p->iw + j] *
                                       reference->values[1][((c * filters + o % filters) * p->kh + r) * p->kw + s];

                sum.value += product;
                sum.magnitude += fabs(product);
            }
        }
    }
    if (p->bias) {
        sum.value += reference->values[2][o];
        sum.magnitude += fabs(reference->values[2][o]);
    }
    return cake_expect(reference, sum.value, cake_bound_sum(products(p) + 1, reference->u) * sum.magnitude);
}

static int64_t blocks(const void *params)
{
    const cake_conv_transpose2d *p = params;

    return p->n * p->oc;
}

static void block(const cake_reference *reference, int64_t plane, cake_expected *const *expected)
{
    const cake_conv_transpose2d *p = reference->params;
    cake_expected *to = expected[0] + plane * p->oh * p->ow;

    for (int64_t row = 0; row < p->oh; row++)
        for (int64_t column = 0; column < p->ow; column++)
            *to++ = output(reference, plane / p->oc, plane % p->oc, row, column);
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_conv_transpose2d *p = reference->params;
    const int64_t plane = place.element / p->ow / p->oh;

    (void)changed;
    return output(reference, plane / p->oc, plane % p->oc, place.element / p->ow % p->oh, place.element % p->ow);
}

/* A random input place of those that reach the output place; -1: none does. */
static int64_t pick(const axis *a, int64_t out, cake_random *random)
{
    int64_t picked = -1;
    uint64_t seen = 0;

    for (int64_t tap = 0; tap < a->kernel; tap++) {
        const int64_t place = input_place(a, out, tap);

        if (place >= 0 && cake_random_below(random, ++seen) == 0)
            picked = place;
    }
    return picked;
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_conv_transpose2d *p = reference->params;
    const axis rows = rows_of(p), columns = columns_of(p);
    const int64_t plane = place.element / p->ow / p->oh, channels = p->ic / p->groups;
    const int64_t i = pick(&rows, place.element / p->ow % p->oh, random);
    const int64_t j = pick(&columns, place.element % p->ow, random);
    const int64_t c =
        plane % p->oc / (p->oc / p->groups) * channels + (int64_t)cake_random_below(random, (uint64_t)channels);

    if (i < 0 || j < 0)
        return (cake_place){.tensor = -1};
    return (cake_place){0, ((plane / p->oc * p->ic + c) * p->ih + i) * p->iw + j};
}

const cake_op cake_op_conv_transpose2d = {
    .name = "conv_transpose2d",
    .family = "convolution",
    .summary = "transposed convolution of images, which makes them larger",
    .params_size = sizeof(cake_conv_transpose2d),
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
