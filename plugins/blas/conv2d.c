/* conv2d as a matrix product: y [oc][oh ow] = w [oc][ic kh kw] columns [ic kh kw][oh ow], for each image and group
 *
 * Column (p, q) of `columns` holds the places of the image that the filter covers for output (p, q) (im2col;
 * Chellapilla, Puri and Simard 2006). They are made for a few output rows at a time, so that they are still in the
 * cache when the product reads them. A 1x1 filter without padding needs none: the image itself is the matrix, or,
 * with a stride, every stride-th of its places. */
#include <stdlib.h>
#include <string.h>

#include "blas/blas.h"
#include "blas/library.h"

enum { COLUMNS_BYTES = 1 << 20 }; /* at a time, for each thread: about an L2 */

typedef struct conv {
    cake_conv2d p;
    const float *w, *b;
    float *columns;       /* NULL: the image is the matrix */
    int64_t depth;        /* of the product: ic/groups kh kw */
    int64_t rows_at_once; /* output rows */
} conv;

static int pointwise(const cake_conv2d *p)
{
    return p->kh == 1 && p->kw == 1 && p->pad_t == 0 && p->pad_b == 0 && p->pad_l == 0 && p->pad_r == 0;
}

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    int64_t places = blas_extent(p->ih, p->iw), depth = blas_extent(p->ic, blas_extent(p->kh, p->kw));
    int64_t outputs = blas_extent(p->oh, p->ow);

    if (p->groups > 1 && p->groups == p->ic) {
        host->explain(host, "a depthwise convolution is no matrix product");
        return CAKE_UNSUPPORTED;
    }
    if (kernel == &blas_conv2d_pointwise && !pointwise(p)) {
        host->explain(host, "only 1x1 filters without padding");
        return CAKE_UNSUPPORTED;
    }
    if (kernel == &blas_conv2d_im2col && pointwise(p)) {
        host->explain(host, "a 1x1 filter without padding needs no columns: see pointwise");
        return CAKE_UNSUPPORTED;
    }
    places = places > outputs ? places : outputs;
    return blas_can_run(problem, host, places > depth ? places : depth);
}

static int32_t open_conv(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                         const cake_host *host, void **ctx)
{
    conv *v = calloc(1, sizeof *v);
    const cake_conv2d *p;

    (void)kernel;
    if (!v)
        return CAKE_NO_MEMORY;
    p = memcpy(&v->p, problem->params, sizeof v->p);
    v->w = constants[0]->data;
    v->b = p->bias ? constants[1]->data : NULL;
    v->depth = p->ic / p->groups * p->kh * p->kw;
    v->rows_at_once = p->oh;
    if (!pointwise(p) || p->stride_h > 1 || p->stride_w > 1) {
        int64_t row_bytes = v->depth * p->ow * (int64_t)sizeof(float);

        v->rows_at_once = (int64_t)problem->threads * COLUMNS_BYTES / row_bytes;
        if (v->rows_at_once < 1)
            v->rows_at_once = 1;
        if (v->rows_at_once > p->oh)
            v->rows_at_once = p->oh;
        v->columns = blas_floats(host, v->depth * p->ow * v->rows_at_once);
        if (!v->columns) {
            free(v);
            return CAKE_NO_MEMORY;
        }
    }
    library_set_threads(problem->threads);
    *ctx = v;
    return CAKE_DONE;
}

/* The output places begin .. end - 1 along one dimension whose taps, from `first` on in steps of `stride`, are inside
 * an extent. */
static void inside(int64_t first, int64_t stride, int64_t extent, int64_t outputs, int64_t *begin, int64_t *end)
{
    *begin = first < 0 ? (-first + stride - 1) / stride : 0;
    *end = first < extent ? (extent - first + stride - 1) / stride : 0;
    *end = *end < outputs ? *end : outputs;
    *begin = *begin < *end ? *begin : *end;
}

/* One tap of one channel, for `rows` output rows: to[p][q] = channel[top + p stride_h][left + q stride_w], 0 where
 * that is outside. */
static void copy_tap(const cake_conv2d *p, const float *channel, int64_t top, int64_t left, int64_t rows, float *to)
{
    int64_t row_begin, row_end, begin, end;

    inside(top, p->stride_h, p->ih, rows, &row_begin, &row_end);
    inside(left, p->stride_w, p->iw, p->ow, &begin, &end);
    memset(to, 0, (size_t)(row_begin * p->ow) * sizeof *to);
    for (int64_t row = row_begin; row < row_end; row++) {
        const float *from = channel + (top + row * p->stride_h) * p->iw + left;
        float *to_row = to + row * p->ow;

        for (int64_t q = 0; q < begin; q++)
            to_row[q] = 0;
        if (p->stride_w == 1)
            memcpy(to_row + begin, from + begin, (size_t)(end - begin) * sizeof *to);
        else
            for (int64_t q = begin; q < end; q++)
                to_row[q] = from[q * p->stride_w];
        for (int64_t q = end; q < p->ow; q++)
            to_row[q] = 0;
    }
    memset(to + row_end * p->ow, 0, (size_t)((rows - row_end) * p->ow) * sizeof *to);
}

/* The columns of output rows first .. first + rows - 1 of one group's channels. */
static void make_columns(const conv *v, const float *image, int64_t first, int64_t rows)
{
    const cake_conv2d *p = &v->p;
    float *to = v->columns;

    for (int64_t c = 0; c < p->ic / p->groups; c++)
        for (int64_t r = 0; r < p->kh; r++)
            for (int64_t s = 0; s < p->kw; s++, to += rows * p->ow)
                copy_tap(p, image + c * p->ih * p->iw, first * p->stride_h - p->pad_t + r * p->dil_h,
                         s * p->dil_w - p->pad_l, rows, to);
}

/* One group of one image. */
static void convolve(const conv *v, const float *image, const float *w, const float *b, float *y)
{
    const cake_conv2d *p = &v->p;
    int64_t places = p->oh * p->ow, filters = p->oc / p->groups;

    for (int64_t o = 0; b && o < filters; o++)
        for (int64_t i = 0; i < places; i++)
            y[o * places + i] = b[o];
    for (int64_t first = 0; first < p->oh; first += v->rows_at_once) {
        int64_t rows = p->oh - first < v->rows_at_once ? p->oh - first : v->rows_at_once;

        if (v->columns)
            make_columns(v, image, first, rows);
        library_product(&(blas_product){.m = filters,
                                        .n = rows * p->ow,
                                        .k = v->depth,
                                        .alpha = 1,
                                        .a = w,
                                        .lda = v->depth,
                                        .b = v->columns ? v->columns : image,
                                        .ldb = rows * p->ow,
                                        .beta = b ? 1 : 0,
                                        .c = y + first * p->ow,
                                        .ldc = places});
    }
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const conv *v = ctx;
    const cake_conv2d *p = &v->p;
    int64_t channels = p->ic / p->groups, filters = p->oc / p->groups;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

    for (int64_t n = 0; n < p->n; n++)
        for (int64_t g = 0; g < p->groups; g++)
            convolve(v, x + (n * p->ic + g * channels) * p->ih * p->iw, v->w + g * filters * v->depth,
                     v->b ? v->b + g * filters : NULL, y + (n * p->oc + g * filters) * p->oh * p->ow);
    return CAKE_DONE;
}

const cake_kernel blas_conv2d_im2col = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "conv2d",
    .name = "im2col",
    .min_align = sizeof(float),
    .can_run = can_run,
    .open = open_conv,
    .run = run,
    .close = free,
};

const cake_kernel blas_conv2d_pointwise = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "conv2d",
    .name = "pointwise",
    .min_align = sizeof(float),
    .can_run = can_run,
    .open = open_conv,
    .run = run,
    .close = free,
};
