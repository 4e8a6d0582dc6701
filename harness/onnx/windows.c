/* Convolutions and pooling: Conv, MaxPool, AveragePool, GlobalMaxPool, GlobalAveragePool. One dimension is an image
 * of one row. */
#include <string.h>

#include "onnx/node.h"

enum { H, W, DIMS };

typedef struct window {
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
    *w = (window){.in = {1, 1}, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};
    for (int d = 0; d < dims; d++) {
        int to = DIMS - dims + d;
        bool sane = stride[d] > 0 && stride[d] < 1 << 20 && dilation[d] > 0 && dilation[d] < 1 << 20 &&
                    kernel[d] > 0 && kernel[d] < 1 << 20;

        if (!sane)
            cake_onnx_broken(n, "expected strides, dilations and a window of 1 to 2^20, found others");
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

#define WINDOW_KEYS                                                                                                  \
    "kh=%lld kw=%lld stride_h=%lld stride_w=%lld dil_h=%lld dil_w=%lld pad_t=%lld pad_b=%lld pad_l=%lld pad_r=%lld"
#define WINDOW_VALUES(w)                                                                                             \
    (long long)(w).kernel[H], (long long)(w).kernel[W], (long long)(w).stride[H], (long long)(w).stride[W],          \
        (long long)(w).dilation[H], (long long)(w).dilation[W], (long long)(w).begin[H], (long long)(w).end[H],      \
        (long long)(w).begin[W], (long long)(w).end[W]

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
    cake_onnx_case(n, "conv2d n=%lld ic=%lld ih=%lld iw=%lld oc=%lld groups=%lld bias=%d " WINDOW_KEYS,
                   (long long)x->shape[0], (long long)x->shape[1], (long long)w.in[H], (long long)w.in[W],
                   (long long)weight->shape[0], (long long)cake_onnx_int(n, "group", 1), bias != NULL,
                   WINDOW_VALUES(w));
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", weight);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "y", n->output[0]);
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
    cake_onnx_case(n, "pool2d kind=%s n=%lld c=%lld ih=%lld iw=%lld count_pad=%d ceil_mode=%d " WINDOW_KEYS, kind,
                   (long long)x->shape[0], (long long)x->shape[1], (long long)w.in[H], (long long)w.in[W],
                   cake_onnx_int(n, "count_include_pad", 0) != 0, cake_onnx_int(n, "ceil_mode", 0) != 0,
                   WINDOW_VALUES(w));
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "y", n->output[0]);
}

static void max_pool(cake_onnx_node *n)
{
    pool(n, "max");
    cake_onnx_leave(n, 1);
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
    {"MaxPool", 1, 1, 1, max_pool},
    {"AveragePool", 1, 1, 1, average_pool},
    {"GlobalMaxPool", 1, 1, 1, global_max},
    {"GlobalAveragePool", 1, 1, 1, global_average},
    {.op_type = NULL},
};
