/* Convolutions and pooling: Conv, MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool. One dimension is an image
 * of one row. */
#include <stdio.h>
#include <string.h>

#include "onnx/node.h"

enum { D, H, W, DIMS };

typedef struct window {
    int dims; /* of the node; the first ones of the arrays are 1 if it has fewer than three */
    int64_t in[DIMS], kernel[DIMS], stride[DIMS], dilation[DIMS], begin[DIMS], end[DIMS];
} window;

/* The padding that makes the output as large as the input divided by the stride, rounded up. */
static void pad_same(window *w, int d, bool upper)
{
    int64_t out = (w->in[d] + w->stride[d] - 1) / w->stride[d];
    int64_t pad = (out - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1 - w->in[d];

    pad = pad > 0 ? pad : 0;
    w->begin[d] = upper ? pad / 2 : pad - pad / 2;
    w->end[d] = pad - w->begin[d];
}

/* More than any layer has: sums and products of two such numbers cannot overflow. */
static const int64_t most = INT64_C(1) << 20;

/* Window and padding of a layer over x; `kernel` has its spatial extents. False: a failure was noted. */
static bool read_window(cake_onnx_node *n, const cake_onnx_tensor *x, const int64_t *kernel, window *w)
{
    const char *automatic = cake_onnx_text(n, "auto_pad", "NOTSET");
    int64_t stride[CAKE_ONNX_RANK], dilation[CAKE_ONNX_RANK], pads[2 * CAKE_ONNX_RANK];
    int dims = x->rank - 2;
    bool same = strncmp(automatic, "SAME_", 5) == 0;

    if (dims < 1 || dims > DIMS) {
        cake_onnx_skip(n, "%s over %d dimensions", n->proto->op_type, dims);
        return false;
    }
    cake_onnx_ints(n, "strides", dims, 1, stride);
    cake_onnx_ints(n, "dilations", dims, 1, dilation);
    cake_onnx_ints(n, "pads", 2 * dims, 0, pads);
    *w = (window){.dims = dims, .in = {1, 1, 1}, .kernel = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    for (int d = 0; d < dims; d++) {
        int to = DIMS - dims + d;
        bool sane = stride[d] > 0 && stride[d] < most && dilation[d] > 0 && dilation[d] < most && kernel[d] > 0 &&
                    kernel[d] < most && pads[d] >= 0 && pads[d] < most && pads[dims + d] >= 0 &&
                    pads[dims + d] < most;

        if (!sane)
            cake_onnx_broken(n, "expected strides, dilations and a window of 1 to 2^20, padding of 0 to 2^20, found "
                                "others");
        if (n->status != CAKE_OK)
            return false;
        w->in[to] = x->shape[2 + d];
        w->kernel[to] = kernel[d];
        w->stride[to] = stride[d];
        w->dilation[to] = dilation[d];
        if (same) {
            pad_same(w, to, strcmp(automatic, "SAME_UPPER") == 0);
        } else if (strcmp(automatic, "VALID") != 0) {
            w->begin[to] = pads[d];
            w->end[to] = pads[dims + d];
        }
    }
    return n->status == CAKE_OK;
}

/* The keys of the window: of an image, or with a depth of a volume. */
typedef struct keys {
    char text[512];
} keys;

static keys keys_of(const window *w)
{
    keys k;
    int used = 0;

    if (w->dims == DIMS)
        used = snprintf(k.text, sizeof k.text, "id=%lld kd=%lld stride_d=%lld dil_d=%lld pad_f=%lld pad_k=%lld ",
                        (long long)w->in[D], (long long)w->kernel[D], (long long)w->stride[D],
                        (long long)w->dilation[D], (long long)w->begin[D], (long long)w->end[D]);
    snprintf(
        k.text + used, sizeof k.text - (size_t)used,
        "ih=%lld iw=%lld kh=%lld kw=%lld stride_h=%lld stride_w=%lld dil_h=%lld dil_w=%lld pad_t=%lld pad_b=%lld "
        "pad_l=%lld pad_r=%lld",
        (long long)w->in[H], (long long)w->in[W], (long long)w->kernel[H], (long long)w->kernel[W],
        (long long)w->stride[H], (long long)w->stride[W], (long long)w->dilation[H], (long long)w->dilation[W],
        (long long)w->begin[H], (long long)w->end[H], (long long)w->begin[W], (long long)w->end[W]);
    return k;
}

static void conv(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0], *weight = n->input[1], *bias = n->input[2];
    window w;

    if (weight->rank != x->rank) {
        cake_onnx_broken(n, "expected a weight of rank %d, found %d", x->rank, weight->rank);
        return;
    }
    if (!read_window(n, x, weight->shape + 2, &w))
        return;
    cake_onnx_case(n, "%s n=%lld ic=%lld oc=%lld groups=%lld bias=%d %s", w.dims == DIMS ? "conv3d" : "conv2d",
                   (long long)x->shape[0], (long long)x->shape[1], (long long)weight->shape[0],
                   (long long)cake_onnx_int(n, "group", 1), bias != NULL, keys_of(&w).text);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", weight);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "y", n->output[0]);
}

/* The output's size decides the padding where it is given, and where it shall be the input's times the stride: what is
 * too much of it is cut off at both ends, the odd one behind with SAME_UPPER, else in front; what is too little is
 * added behind. */
static void transposed_padding(cake_onnx_node *n, window *w, int64_t *extra)
{
    const char *automatic = cake_onnx_text(n, "auto_pad", "NOTSET");
    bool same = strncmp(automatic, "SAME_", 5) == 0, given = cake_onnx_has(n, "output_shape");
    int64_t wanted[CAKE_ONNX_RANK];
    int length = cake_onnx_length(n, "output_shape"), first = DIMS - w->dims;

    if (given && length != w->dims && length != w->dims + 2)
        cake_onnx_broken(n, "attribute output_shape: expected %d numbers, found %d", w->dims, length);
    if (given && n->status == CAKE_OK)
        cake_onnx_ints(n, "output_shape", length, 1, wanted);
    for (int d = first; (given || same) && n->status == CAKE_OK && d < DIMS; d++) {
        int64_t size = given ? wanted[length - DIMS + d] : w->in[d] * w->stride[d];
        int64_t cut = w->stride[d] * (w->in[d] - 1) + extra[d] + (w->kernel[d] - 1) * w->dilation[d] + 1;

        if (size < 1 || size > 1 << 30) {
            cake_onnx_broken(n, "expected an output of 1 to 2^30, found %lld", (long long)size);
            return;
        }
        extra[d] += cut < size ? size - cut : 0;
        cut = cut > size ? cut - size : 0;
        w->begin[d] = strcmp(automatic, "SAME_UPPER") == 0 ? cut / 2 : cut - cut / 2;
        w->end[d] = cut - w->begin[d];
    }
}

/* With zeros between its places the input of a transposed convolution is that of a plain one, whose filters are turned
 * round, [oc][ic/groups], and whose padding is what they reach beyond what is cut off. */
static void conv_transpose_3d(cake_onnx_node *n, const window *from, int64_t groups, const int64_t *extra)
{
    const cake_onnx_tensor *x = n->input[0], *weight = n->input[1], *bias = n->input[2];
    int64_t filters = weight->shape[1], channels = weight->shape[0] / groups;
    window w = *from;

    for (int d = 0; d < DIMS; d++) {
        int64_t reach = (w.kernel[d] - 1) * w.dilation[d];

        x = cake_onnx_spread(n->pool, x, 2 + d, w.stride[d]);
        weight = cake_onnx_flip(n->pool, weight, 2 + d);
        w.in[d] = (w.in[d] - 1) * w.stride[d] + 1;
        w.stride[d] = 1;
        w.begin[d] = reach - w.begin[d];
        w.end[d] = reach - w.end[d] + extra[d];
        if (w.begin[d] < 0 || w.end[d] < 0)
            cake_onnx_skip(n, "ConvTranspose of volumes that cuts off more than the filters reach");
    }
    weight = cake_onnx_reshape(n->pool, weight, 6,
                               (int64_t[]){groups, channels, filters, w.kernel[D], w.kernel[H], w.kernel[W]});
    if (weight->rank == 6)
        weight = cake_onnx_permute(n->pool, weight, (int[]){0, 2, 1, 3, 4, 5});
    cake_onnx_case(n, "conv3d n=%lld ic=%lld oc=%lld groups=%lld bias=%d %s", (long long)x->shape[0],
                   (long long)x->shape[1], (long long)filters * groups, (long long)groups, bias != NULL,
                   keys_of(&w).text);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", weight);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "y", n->output[0]);
}

static void conv_transpose(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0], *weight = n->input[1], *bias = n->input[2];
    int64_t of_node[CAKE_ONNX_RANK] = {0}, extra[DIMS] = {0}, groups = cake_onnx_int(n, "group", 1);
    window w;

    if (weight->rank != x->rank || groups < 1 || groups > weight->count) {
        cake_onnx_broken(n, "expected a weight of rank %d and groups of it, found rank %d, %lld groups", x->rank,
                         weight->rank, (long long)groups);
        return;
    }
    if (!read_window(n, x, weight->shape + 2, &w))
        return;
    cake_onnx_ints(n, "output_padding", w.dims, 0, of_node);
    for (int d = 0; d < w.dims; d++) {
        extra[DIMS - w.dims + d] = of_node[d];
        if (of_node[d] < 0 || of_node[d] >= most)
            cake_onnx_broken(n, "expected output_padding of 0 to 2^20, found %lld", (long long)of_node[d]);
    }
    if (n->status == CAKE_OK)
        transposed_padding(n, &w, extra);
    if (w.dims == DIMS) {
        conv_transpose_3d(n, &w, groups, extra);
        return;
    }
    cake_onnx_case(n, "conv_transpose2d n=%lld ic=%lld oc=%lld groups=%lld bias=%d out_pad_h=%lld out_pad_w=%lld %s",
                   (long long)x->shape[0], (long long)x->shape[1], (long long)weight->shape[1] * groups,
                   (long long)groups, bias != NULL, (long long)extra[H], (long long)extra[W], keys_of(&w).text);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", weight);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "y", n->output[0]);
}

/* Places in the whole of x, row by row or (storage_order) with the first dimension's neighbours side by side, as places
 * in their channel, row by row. */
static const cake_onnx_tensor *indices_in_channels(cake_onnx_node *n, const window *w)
{
    const cake_onnx_tensor *given = n->output[1];
    int64_t channel = w->in[D] * w->in[H] * w->in[W], channels = n->input[0]->shape[0] * n->input[0]->shape[1];
    bool turned = cake_onnx_int(n, "storage_order", 0) != 0;
    cake_onnx_tensor *made;
    double *values;

    if (!given || given->count % channels != 0)
        return given;
    made = cake_onnx_alloc(n->pool, 1, sizeof *made);
    values = cake_onnx_alloc(n->pool, (size_t)given->count, sizeof *values);
    if (!made || !values)
        return given;
    for (int64_t i = 0; i < given->count; i++) {
        int64_t at = cake_onnx_whole(given, i) - i / (given->count / channels) * channel;

        if (turned && at >= 0 && at < channel)
            at = (at % w->in[D] * w->in[H] + at / w->in[D] % w->in[H]) * w->in[W] + at / w->in[D] / w->in[H];
        values[i] = (double)at;
    }
    *made = *given;
    made->values = values;
    return made;
}

static void pool(cake_onnx_node *n, const char *kind)
{
    const cake_onnx_tensor *x = n->input[0];
    int64_t kernel[CAKE_ONNX_RANK];
    window w;

    if (!cake_onnx_has(n, "kernel_shape") || x->rank < 3) {
        cake_onnx_broken(n, "expected an image and kernel_shape, found %s", x->rank < 3 ? "no image" : "none");
        return;
    }
    cake_onnx_ints(n, "kernel_shape", x->rank - 2, 1, kernel);
    if (!read_window(n, x, kernel, &w))
        return;
    /* Most kernels have no indices: what they have is held by a case without. */
    for (int indices = 0; indices <= (n->output[1] != NULL); indices++) {
        cake_onnx_case(n, "%s kind=%s n=%lld c=%lld count_pad=%d ceil_mode=%d indices=%d %s",
                       w.dims == DIMS ? "pool3d" : "pool2d", kind, (long long)x->shape[0], (long long)x->shape[1],
                       cake_onnx_int(n, "count_include_pad", 0) != 0, cake_onnx_int(n, "ceil_mode", 0) != 0, indices,
                       keys_of(&w).text);
        cake_onnx_put(n, "x", x);
        cake_onnx_put(n, "y", n->output[0]);
        if (indices)
            cake_onnx_put(n, "index", indices_in_channels(n, &w));
    }
}

static void max_pool(cake_onnx_node *n)
{
    pool(n, "max");
}

static void average_pool(cake_onnx_node *n)
{
    pool(n, "avg");
}

static void global(cake_onnx_node *n, const char *kind)
{
    const cake_onnx_tensor *x = n->input[0];

    if (x->rank < 3) {
        cake_onnx_broken(n, "expected an image, found rank %d", x->rank);
        return;
    }
    cake_onnx_case(n, "pool2d kind=%s n=%lld c=%lld ih=%lld iw=%lld kh=0 kw=0", kind, (long long)x->shape[0],
                   (long long)x->shape[1], (long long)x->shape[2], (long long)cake_onnx_product(x, 3, x->rank));
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "y", n->output[0]);
}

static void global_max(cake_onnx_node *n)
{
    global(n, "max");
}

static void global_average(cake_onnx_node *n)
{
    global(n, "avg");
}

const cake_onnx_mapping cake_onnx_windows[] = {
    {"Conv", 2, 3, 1, conv},
    {"ConvTranspose", 2, 3, 1, conv_transpose},
    {"MaxPool", 1, 1, 1, max_pool},
    {"AveragePool", 1, 1, 1, average_pool},
    {"GlobalMaxPool", 1, 1, 1, global_max},
    {"GlobalAveragePool", 1, 1, 1, global_average},
    {.op_type = NULL},
};
