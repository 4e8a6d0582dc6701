/* conv2d by LIBXSMM's own layer: images as NHWC, filters in its blocked layout. Padding is a rim around a copy of the
 * image, as the layer wants it; the copy is part of the call. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include <libxsmm.h>

#include "libxsmm/kernels.h"

enum { MOST_BLOCKS = 1024 }; /* that its kernels keep pointers to */

typedef struct conv2d {
    cake_conv2d p;
    const float *bias; /* NULL: none */
    libxsmm_dnn_layer *layer;
    libxsmm_dnn_tensor *input, *filter, *output;
    float *padded; /* [n][ih + pads][iw + pads][ic], zero in the rim; NULL: none is needed */
    int threads;
} conv2d;

/* Channels to a block, as LIBXSMM chooses them. */
static int64_t block_of(int64_t channels)
{
    int64_t block = 1;

    if (channels < 64)
        return channels;
    while (block < 64 && channels % (2 * block) == 0)
        block *= 2;
    return block;
}

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    int64_t window = p->kh * p->kw, blocks = window == 1 ? p->ic / block_of(p->ic) : 2;
    const char *why = NULL;

    (void)kernel;
    if (p->groups != 1)
        why = "LIBXSMM's layer has no groups";
    else if (p->dil_h != 1 || p->dil_w != 1)
        why = "LIBXSMM's layer has no dilation";
    else if (blocks * window > MOST_BLOCKS)
        why = "more blocks of channels times places of the window than LIBXSMM's layer holds (1024)";
    if (!why)
        return xsmm_can_run(problem, host);
    host->explain(host, why);
    return CAKE_UNSUPPORTED;
}

static void close_conv2d(void *ctx)
{
    conv2d *c = ctx;

    if (c->input)
        libxsmm_dnn_destroy_tensor(c->input);
    if (c->filter)
        libxsmm_dnn_destroy_tensor(c->filter);
    if (c->output)
        libxsmm_dnn_destroy_tensor(c->output);
    if (c->layer)
        libxsmm_dnn_destroy_conv_layer(c->layer);
    free(c);
}

/* Symmetric padding is told to the layer, which leaves out some products with its zeros; else the image is as large as
 * the padding makes it. */
static libxsmm_dnn_conv_desc description(const cake_conv2d *p, int threads)
{
    int even = p->pad_t == p->pad_b && p->pad_l == p->pad_r && p->oh > 1 && p->ow > 1;
    int64_t pad_h = even ? p->pad_t : 0, pad_w = even ? p->pad_l : 0;

    return (libxsmm_dnn_conv_desc){
        .N = (int)p->n,
        .C = (int)p->ic,
        .H = (int)(p->ih + p->pad_t + p->pad_b - 2 * pad_h),
        .W = (int)(p->iw + p->pad_l + p->pad_r - 2 * pad_w),
        .K = (int)p->oc,
        .R = (int)p->kh,
        .S = (int)p->kw,
        .u = (int)p->stride_h,
        .v = (int)p->stride_w,
        .pad_h = (int)pad_h,
        .pad_w = (int)pad_w,
        .pad_h_in = (int)pad_h,
        .pad_w_in = (int)pad_w,
        .threads = threads,
        .datatype_in = LIBXSMM_DNN_DATATYPE_F32,
        .datatype_out = LIBXSMM_DNN_DATATYPE_F32,
        .buffer_format = LIBXSMM_DNN_TENSOR_FORMAT_NHWC,
        .filter_format = LIBXSMM_DNN_TENSOR_FORMAT_LIBXSMM,
        .algo = LIBXSMM_DNN_CONV_ALGO_DIRECT,
        .options = p->bias ? LIBXSMM_DNN_CONV_OPTION_NONE : LIBXSMM_DNN_CONV_OPTION_OVERWRITE,
        .fuse_ops = LIBXSMM_DNN_CONV_FUSE_NONE,
    };
}

/* A tensor of the layer over this memory. */
static libxsmm_dnn_tensor *link_tensor(libxsmm_dnn_layer *layer, libxsmm_dnn_tensor_type type, void *memory)
{
    libxsmm_dnn_err_t status;
    libxsmm_dnn_tensor_datalayout *layout = libxsmm_dnn_create_tensor_datalayout(layer, type, &status);
    libxsmm_dnn_tensor *tensor =
        status == LIBXSMM_DNN_SUCCESS ? libxsmm_dnn_link_tensor(layout, memory, &status) : NULL;

    if (layout)
        libxsmm_dnn_destroy_tensor_datalayout(layout);
    if (tensor && libxsmm_dnn_bind_tensor(layer, tensor, type) != LIBXSMM_DNN_SUCCESS) {
        libxsmm_dnn_destroy_tensor(tensor);
        tensor = NULL;
    }
    return tensor;
}

static int32_t open_layer(conv2d *c, const float *weights, const cake_host *host)
{
    const cake_conv2d *p = &c->p;
    uint64_t image = (uint64_t)(p->n * (p->ih + p->pad_t + p->pad_b) * (p->iw + p->pad_l + p->pad_r) * p->ic);
    uint64_t filters = (uint64_t)(p->oc * p->ic * p->kh * p->kw);
    int padded = p->pad_t || p->pad_b || p->pad_l || p->pad_r;
    libxsmm_dnn_err_t status;
    float *packed = host->alloc(host, filters * sizeof *packed, 64);
    void *scratch;

    c->layer = libxsmm_dnn_create_conv_layer(description(p, c->threads), &status);
    if (!c->layer || status != LIBXSMM_DNN_SUCCESS) {
        host->explain(host, libxsmm_dnn_get_error(status));
        return CAKE_UNSUPPORTED;
    }
    if (padded && !(c->padded = host->alloc(host, image * sizeof *c->padded, 64)))
        return CAKE_NO_MEMORY;
    scratch = host->alloc(host, libxsmm_dnn_get_scratch_size(c->layer, LIBXSMM_DNN_COMPUTE_KIND_FWD, &status), 64);
    if (!packed || !scratch)
        return CAKE_NO_MEMORY;
    /* The images' addresses come with each call. */
    c->input = link_tensor(c->layer, LIBXSMM_DNN_REGULAR_INPUT, packed);
    c->output = link_tensor(c->layer, LIBXSMM_DNN_REGULAR_OUTPUT, packed);
    c->filter = link_tensor(c->layer, LIBXSMM_DNN_REGULAR_FILTER, packed);
    if (!c->input || !c->output || !c->filter ||
        libxsmm_dnn_copyin_tensor(c->filter, weights, LIBXSMM_DNN_TENSOR_FORMAT_KCRS) != LIBXSMM_DNN_SUCCESS ||
        libxsmm_dnn_bind_scratch(c->layer, LIBXSMM_DNN_COMPUTE_KIND_FWD, scratch) != LIBXSMM_DNN_SUCCESS) {
        host->explain(host, "LIBXSMM does not take the tensors of its layer");
        return CAKE_FAILED;
    }
    return CAKE_DONE;
}

static int32_t open_conv2d(const cake_kernel *kernel, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    conv2d *c = calloc(1, sizeof *c);
    int32_t status;

    (void)kernel;
    if (!c)
        return CAKE_NO_MEMORY;
    memcpy(&c->p, problem->params, sizeof c->p);
    c->bias = c->p.bias ? constants[1]->data : NULL;
    c->threads = problem->threads;
    status = open_layer(c, constants[0]->data, host);
    if (status == CAKE_DONE)
        *ctx = c;
    else
        close_conv2d(c);
    return status;
}

/* This thread's rows of the images into the middle of the padded ones. */
static void pad_rows(const conv2d *c, const float *x, int thread, int threads)
{
    const cake_conv2d *p = &c->p;
    int64_t rows = p->n * p->ih, row = p->iw * p->ic;
    int64_t height = p->ih + p->pad_t + p->pad_b, padded_row = (p->iw + p->pad_l + p->pad_r) * p->ic;

    for (int64_t i = rows * thread / threads; i < rows * (thread + 1) / threads; i++) {
        int64_t to = i / p->ih * height + p->pad_t + i % p->ih;

        memcpy(c->padded + to * padded_row + p->pad_l * p->ic, x + i * row, (size_t)row * sizeof *x);
    }
}

/* The bias at this thread's places of the output, which the layer then adds to. */
static void place_bias(const conv2d *c, float *y, int thread, int threads)
{
    int64_t places = c->p.n * c->p.oh * c->p.ow;

    for (int64_t i = places * thread / threads; i < places * (thread + 1) / threads; i++)
        memcpy(y + i * c->p.oc, c->bias, (size_t)c->p.oc * sizeof *y);
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    conv2d *c = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;
    int failed = 0;

    libxsmm_dnn_set_tensor_data_ptr(c->input, c->padded ? c->padded : x);
    libxsmm_dnn_set_tensor_data_ptr(c->output, y);
#pragma omp parallel num_threads(c->threads) reduction(| : failed) if (c->threads > 1)
    {
        int thread = omp_get_thread_num();

        if (c->padded)
            pad_rows(c, x, thread, c->threads);
        if (c->bias)
            place_bias(c, y, thread, c->threads);
#pragma omp barrier
        failed = libxsmm_dnn_execute_st(c->layer, LIBXSMM_DNN_COMPUTE_KIND_FWD, 0, thread) != LIBXSMM_DNN_SUCCESS;
    }
    return failed ? CAKE_FAILED : CAKE_DONE;
}

static const int32_t channels_last[] = {CAKE_NHWC};

const cake_kernel xsmm_conv2d = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "conv2d",
    .name = "dnn",
    .layouts = channels_last,
    .n_layouts = 1,
    .can_run = can_run,
    .open = open_conv2d,
    .run = run,
    .close = close_conv2d,
};
