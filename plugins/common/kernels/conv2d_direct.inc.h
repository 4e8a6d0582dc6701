/* conv2d as a product whose left matrix is never made: rows are output pixels, columns output channels, and a row's
 * k values are every channel under every tap. Three ways to get at them (conv_path):
 *   rows     a tile is neighbours of an output row (or of the whole image, for 1x1 of stride 1): its windows lie at
 *            one distance from each other, and the product reads them where they are. Taps outside of the image are
 *            left out: above and below it for the whole row, beside it for the row's first or last pixel
 *   padded   the same where more pixels than these have taps beside the image: the first and the last tile of a row
 *            read a copy of their columns with zeros beside it
 *   gather   the k values of any tile are copied into L1, in vectors of neighbouring channels: for narrow images and
 *            for groups that the layout does not keep together
 *
 * Layouts: blocked by VEC_LANES channels, or nhwc; both keep channels side by side, so that an output row is stored
 * as it comes. Any stride, padding, dilation and groups; weights packed in open. One phase; an item is a block of
 * pixels of one image and group by a block of panels.
 *
 * Floor: n oh ow oc (ic/groups) kh kw / VEC_LANES FMAs. Copying a tile's columns costs a load and a store for every
 * kh kw oc FMAs, gathering one for every oc: 3 % at 64 output channels, less beyond. */
#include "common/kernels/conv2d_gather.inc.h"
#include "common/kernels/conv2d_rows.inc.h"
#include "common/kernels/kernels.h"

static int32_t conv_direct_make(bool by_pixels, const cake_problem *problem, const cake_tensor *const *constants,
                                const cake_host *host, void **ctx)
{
    const cake_conv2d *op = problem->params;
    conv_direct *d = host->alloc(host, sizeof *d, 64);

    if (!d)
        return CAKE_NO_MEMORY;
    d->host = host;
    d->op = *op;
    d->x = conv_image_of(problem->inputs[0]);
    d->y = conv_image_of(problem->outputs[0]);
    d->icg = op->ic / op->groups;
    d->ocg = op->oc / op->groups;
    d->k = d->icg * op->kh * op->kw;
    d->panels = gemm_panels(d->ocg);
    d->scatter = d->y.blocked && op->groups > 1 && d->ocg % VEC_LANES != 0;
    d->n_segments = conv_direct_segments(d, NULL);
    d->segments = host->alloc(host, (uint64_t)d->n_segments * sizeof *d->segments, 64);
    d->blocks = host->alloc(host, (uint64_t)d->n_segments * sizeof *d->blocks, 64);
    d->w = workspace_floats(host, op->groups * gemm_b_floats(d->k, d->ocg));
    d->bias = workspace_floats(host, op->groups * d->panels * GEMM_NR);
    conv_direct_path(d);
    d->by_pixels = by_pixels || conv_direct_little_w(d);
    d->far = d->flat && op->n * op->ic * op->ih * op->iw > GEMM_FAR_FLOATS;
    conv_direct_cut(d, problem->threads);
    d->scratch = workspace_floats(host, problem->threads * d->thread_floats);
    if (!d->segments || !d->blocks || !d->w || !d->bias || !d->scratch) {
        conv_direct_close(d);
        return CAKE_NO_MEMORY;
    }
    conv_direct_segments(d, d->segments);
    conv_direct_blocks(d);
    conv_direct_pack(d, constants[0]->data, op->bias ? constants[1]->data : NULL);
    *ctx = d;
    return CAKE_DONE;
}

static int32_t conv_direct_open(const cake_problem *problem, const cake_tensor *const *constants,
                                const cake_host *host, void **ctx)
{
    return conv_direct_make(false, problem, constants, host, ctx);
}

static int32_t conv_direct_pixels_open(const cake_problem *problem, const cake_tensor *const *constants,
                                       const cake_host *host, void **ctx)
{
    return conv_direct_make(true, problem, constants, host, ctx);
}

static int64_t conv_direct_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t conv_direct_items(const void *ctx, int64_t phase)
{
    const conv_direct *d = ctx;

    (void)phase;
    return d->op.n * d->op.groups * d->pixel_blocks * d->panel_blocks;
}

static void conv_direct_one(const conv_direct *d, const float *x, float *y, int64_t number, float *scratch)
{
    conv_item item = conv_direct_item(d, number);

    x += item.n * d->x.image;
    y += item.n * d->y.image;
    if (d->path == CONV_GATHER)
        conv_gather_item(d, &item, x, y, scratch);
    else
        conv_rows_item(d, &item, x, y, scratch);
}

static void conv_direct_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                             int64_t phase, int64_t begin, int64_t end, int thread)
{
    const conv_direct *d = ctx;
    float *scratch = d->scratch + thread * d->thread_floats;

    (void)phase;
    for (int64_t item = begin; item < end; item++)
        conv_direct_one(d, inputs[0]->data, outputs[0]->data, item, scratch);
}
