/* conv2d as a product whose left matrix is never made: rows are output pixels, columns output channels, and a row's
 * k values (every channel under every tap) are gathered into L1 tile by tile, in vectors of neighbouring channels.
 *
 * Layouts: blocked by VEC_LANES channels, or nhwc; both keep channels side by side, so that a gather is a few vector
 * copies and an output row is stored as it comes. Any stride, padding, dilation and groups; weights packed in open.
 * One phase; an item is a block of pixels of one image and group by a block of panels.
 *
 * Floor: n oh ow oc (ic/groups) kh kw / VEC_LANES FMAs; a gathered vector costs about two cycles and is used for oc /
 * VEC_LANES x VEC_LANES FMAs: 3 % of them at 64 output channels, less beyond. */
#include <stdlib.h>
#include <string.h>

#include "common/kernels/conv2d_image.inc.h"
#include "common/kernels/gemm.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    CONV_PIXELS = GEMM_MR * (GEMM_MR > 6 ? 14 : 32), /* of an item at most */
    CONV_PANELS = 320 / GEMM_NR,                     /* of an item at most: with GEMM_KC, half of a 1 MiB L2 */
    CONV_MERGE = 64                                  /* taps of a window's row are one segment up to so many floats */
};

/* Values of k that lie side by side in the input: `channels` channels from c0 on (of the group), under `taps` taps
 * of a row of the window. */
typedef struct conv_segment {
    int64_t dh, dw; /* the first tap's place relative to the window's corner */
    int32_t kh, kw; /* which tap that is */
    int32_t c0, channels, taps;
} conv_segment;

/* Consecutive segments that make one block of k. */
typedef struct conv_block {
    int64_t k0, depth;
    int32_t first, segments;
} conv_block;

typedef struct conv_direct {
    const cake_host *host;
    cake_conv2d op;
    conv_image x, y;
    int64_t icg, ocg, k, panels;
    conv_segment *segments;
    conv_block *blocks;
    int64_t n_segments, n_blocks;
    float *w;    /* [group], each packed as gemm_pack_b does, but in these blocks of k */
    float *bias; /* [group][panels * GEMM_NR], zero where there is none */
    float *scratch;
    int64_t pixel_blocks, panel_blocks;
    bool scatter; /* output channels of a group do not begin at a block of the layout */
} conv_direct;

static const float conv_zeros[GEMM_KC + VEC_LANES];

static void conv_direct_close(void *ctx)
{
    conv_direct *d = ctx;
    const cake_host *host = d->host;

    workspace_free(host, d->segments);
    workspace_free(host, d->blocks);
    workspace_free(host, d->w);
    workspace_free(host, d->bias);
    workspace_free(host, d->scratch);
    host->free(host, d);
}

/* Longest run of channels that is contiguous in the input whatever the group. */
static int64_t conv_direct_run(const conv_direct *d)
{
    int64_t a = VEC_LANES, b = d->icg;

    if (!d->x.blocked)
        return d->icg < GEMM_KC ? d->icg : GEMM_KC / 2;
    if (d->op.groups == 1)
        return VEC_LANES;
    while (b) { /* greatest common divisor */
        int64_t t = a % b;
        a = b, b = t;
    }
    return a;
}

/* List the segments (NULL: only count them): runs of channels, then the window's rows, then its columns. */
static int64_t conv_direct_segments(const conv_direct *d, conv_segment *list)
{
    const cake_conv2d *op = &d->op;
    int64_t run = conv_direct_run(d), count = 0;
    bool merge = !d->x.blocked && run == op->ic && op->dil_w == 1 && op->kw * d->icg <= CONV_MERGE;

    for (int64_t c = 0; c < d->icg; c += run)
        for (int64_t r = 0; r < op->kh; r++)
            for (int64_t s = 0; s < op->kw; s += merge ? op->kw : 1, count++)
                if (list)
                    list[count] = (conv_segment){.dh = r * op->dil_h,
                                                 .dw = s * op->dil_w,
                                                 .kh = (int32_t)r,
                                                 .kw = (int32_t)s,
                                                 .c0 = (int32_t)c,
                                                 .channels = (int32_t)(d->icg - c < run ? d->icg - c : run),
                                                 .taps = merge ? (int32_t)op->kw : 1};
    return count;
}

/* Cut the segments into blocks of nearly equal depth, GEMM_KC at most. */
static void conv_direct_blocks(conv_direct *d)
{
    int64_t wanted = gemm_k_block(d->k), k = 0;

    d->n_blocks = 0;
    for (int64_t i = 0; i < d->n_segments; i++) {
        int64_t length = (int64_t)d->segments[i].channels * d->segments[i].taps;
        conv_block *block = d->n_blocks ? &d->blocks[d->n_blocks - 1] : NULL;
        if (!block || block->depth >= wanted || block->depth + length > GEMM_KC) {
            block = &d->blocks[d->n_blocks++];
            *block = (conv_block){.k0 = k, .first = (int32_t)i};
        }
        block->depth += length;
        block->segments++;
        k += length;
    }
}

static void conv_direct_pack(conv_direct *d, const float *w, const float *bias)
{
    const cake_conv2d *op = &d->op;
    int64_t width = d->panels * GEMM_NR, window = op->kh * op->kw;

    for (int64_t g = 0; g < op->groups; g++) {
        for (int64_t b = 0; b < d->n_blocks; b++) {
            const conv_block *block = &d->blocks[b];
            float *to = d->w + (g * d->k + block->k0) * width;
            int64_t at = 0;
            for (int32_t i = block->first; i < block->first + block->segments; i++) {
                const conv_segment *s = &d->segments[i];
                for (int32_t t = 0; t < s->taps; t++)
                    for (int32_t c = 0; c < s->channels; c++, at++)
                        for (int64_t o = 0; o < d->ocg; o++)
                            to[(o / GEMM_NR * block->depth + at) * GEMM_NR + o % GEMM_NR] =
                                w[((g * d->ocg + o) * d->icg + s->c0 + c) * window + s->kh * op->kw + s->kw + t];
            }
        }
        for (int64_t o = 0; bias && o < d->ocg; o++)
            d->bias[g * width + o] = bias[g * d->ocg + o];
    }
}

/* About four items a thread where there is more than one: panels are split first, they share nothing. */
static void conv_direct_cut(conv_direct *d, int threads)
{
    int64_t pixels = d->op.oh * d->op.ow, tiles = (pixels + GEMM_MR - 1) / GEMM_MR;
    int64_t outer = d->op.n * d->op.groups, wanted = threads > 1 ? 4 * (int64_t)threads : 1;

    d->pixel_blocks = (pixels + CONV_PIXELS - 1) / CONV_PIXELS;
    d->panel_blocks = (d->panels + CONV_PANELS - 1) / CONV_PANELS;
    if (outer * d->pixel_blocks * d->panel_blocks < wanted)
        d->panel_blocks = (wanted + outer * d->pixel_blocks - 1) / (outer * d->pixel_blocks);
    if (d->panel_blocks > d->panels)
        d->panel_blocks = d->panels;
    if (outer * d->pixel_blocks * d->panel_blocks < wanted)
        d->pixel_blocks = (wanted + outer * d->panel_blocks - 1) / (outer * d->panel_blocks);
    if (d->pixel_blocks > tiles)
        d->pixel_blocks = tiles;
}

static int32_t conv_direct_open(const cake_problem *problem, const cake_tensor *const *constants,
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
    d->scratch = workspace_floats(host, problem->threads * (int64_t)GEMM_SCRATCH_FLOATS);
    if (!d->segments || !d->blocks || !d->w || !d->bias || !d->scratch) {
        conv_direct_close(d);
        return CAKE_NO_MEMORY;
    }
    conv_direct_segments(d, d->segments);
    conv_direct_blocks(d);
    conv_direct_pack(d, constants[0]->data, op->bias ? constants[1]->data : NULL);
    conv_direct_cut(d, problem->threads);
    *ctx = d;
    return CAKE_DONE;
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

/* The windows of a tile's pixels. */
typedef struct conv_rows {
    int rows;
    bool inside;                                     /* no window reaches into the padding */
    int64_t h[GEMM_MR], w[GEMM_MR], offset[GEMM_MR]; /* of each window's corner; offset in floats */
} conv_rows;

static inline void conv_direct_rows(const conv_direct *d, int64_t pixel, int rows, conv_rows *t)
{
    const cake_conv2d *op = &d->op;
    int64_t p = pixel / op->ow, q = pixel % op->ow;

    t->rows = rows;
    t->inside = true;
    for (int r = 0; r < rows; r++) {
        t->h[r] = p * op->stride_h - op->pad_t;
        t->w[r] = q * op->stride_w - op->pad_l;
        t->offset[r] = t->h[r] * d->x.row + t->w[r] * d->x.pixel;
        t->inside = t->inside && t->h[r] >= 0 && t->h[r] + (op->kh - 1) * op->dil_h < op->ih && t->w[r] >= 0 &&
                    t->w[r] + (op->kw - 1) * op->dil_w < op->iw;
        if (++q == op->ow)
            q = 0, p++;
    }
}

/* Copy n floats; the last vector is stored whole, what follows it is written next or never read. */
static inline void conv_copy(float *to, const float *from, int64_t n)
{
    for (; n >= VEC_LANES; n -= VEC_LANES, to += VEC_LANES, from += VEC_LANES)
        vec_store(to, vec_load(from));
    if (n > 0)
        vec_store(to, vec_load_mask(from, vec_mask((int)n)));
}

/* Part of a merged segment lies in the padding: tap by tap. */
static void conv_copy_edge(const conv_direct *d, const conv_segment *s, const conv_rows *t, int r, float *to,
                           const float *x)
{
    int64_t h = t->h[r] + s->dh;

    for (int32_t tap = 0; tap < s->taps; tap++, to += s->channels) {
        int64_t w = t->w[r] + s->dw + tap;
        bool in = h >= 0 && h < d->op.ih && w >= 0 && w < d->op.iw;
        for (int32_t c = 0; c < s->channels; c++)
            to[c] = in ? x[h * d->x.row + w * d->x.pixel + c] : 0;
    }
}

/* Gather one block of k of a tile. x: the image's floats, at the group's first channel if channels are not blocked.
 */
static inline void conv_direct_gather(const conv_direct *d, const conv_block *block, const conv_rows *t,
                                      int64_t group, const float *x, float *scratch)
{
    const conv_segment *s = d->segments + block->first;

    for (int32_t i = 0; i < block->segments; i++, s++) {
        int64_t at = conv_chan(&d->x, group * d->icg + s->c0), tap = s->dh * d->x.row + s->dw * d->x.pixel;
        int64_t length = (int64_t)s->channels * s->taps;
        float *to = scratch;
        if (t->inside && length == VEC_LANES) {
            for (int r = 0; r < t->rows; r++, to += GEMM_LDA)
                vec_store(to, vec_load(x + at + tap + t->offset[r]));
        } else if (s->taps == 1) {
            for (int r = 0; r < t->rows; r++, to += GEMM_LDA) {
                bool in = (uint64_t)(t->h[r] + s->dh) < (uint64_t)d->op.ih &&
                          (uint64_t)(t->w[r] + s->dw) < (uint64_t)d->op.iw;
                conv_copy(to, in ? x + (at + tap + t->offset[r]) : conv_zeros, length);
            }
        } else {
            for (int r = 0; r < t->rows; r++, to += GEMM_LDA) {
                bool in = (uint64_t)(t->h[r] + s->dh) < (uint64_t)d->op.ih && t->w[r] + s->dw >= 0 &&
                          t->w[r] + s->dw + s->taps <= d->op.iw;
                if (in)
                    conv_copy(to, x + (at + tap + t->offset[r]), length);
                else
                    conv_copy_edge(d, s, t, r, to, x + at);
            }
        }
        scratch += length;
    }
}

/* Add a tile that was computed beside its place, channel by channel. */
static void conv_direct_scatter(const conv_direct *d, float *y, int64_t channel, const float *tile, int rows,
                                int64_t columns)
{
    for (int r = 0; r < rows; r++)
        for (int64_t o = 0; o < columns; o++)
            y[conv_chan(&d->y, channel + o) + r * d->y.pixel] = tile[r * GEMM_NR + o];
}

static void conv_direct_gather_back(const conv_direct *d, const float *y, int64_t channel, float *tile, int rows,
                                    int64_t columns)
{
    for (int r = 0; r < rows; r++)
        for (int64_t o = 0; o < columns; o++)
            tile[r * GEMM_NR + o] = y[conv_chan(&d->y, channel + o) + r * d->y.pixel];
}

/* Multiply a gathered tile with panels p0 .. p1-1 of a block of k. y: the tile's first pixel. */
static inline void conv_direct_tile(const conv_direct *d, const conv_block *block, int rows, int64_t group,
                                    int64_t p0, int64_t p1, const float *scratch, float *y)
{
    int64_t width = d->panels * GEMM_NR;
    const float *w = d->w + (group * d->k + block->k0) * width;

    for (int64_t p = p0; p < p1; p++) {
        int64_t column = p * GEMM_NR, left = d->ocg - column;
        const float *bias = d->bias + group * width + column, *b = w + p * block->depth * GEMM_NR;
        gemm_tile_end end = {.ldc = d->y.pixel, .step = d->y.block, .columns = left < GEMM_NR ? left : GEMM_NR};
        _Alignas(64) float tile[GEMM_MR * GEMM_NR];

        if (d->scatter) {
            end.c = tile, end.ldc = GEMM_NR, end.step = VEC_LANES;
            if (block->k0 > 0)
                conv_direct_gather_back(d, y, group * d->ocg + column, tile, rows, end.columns);
        } else {
            end.c = y + conv_chan(&d->y, group * d->ocg + column);
            if (d->y.blocked) /* the last block's padding channels exist and may be written */
                end.columns = (end.columns + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
        }
        if (block->k0 > 0)
            end.add = end.c, end.ldadd = end.ldc, end.addstep = end.step;
        else
            end.add = bias, end.addstep = VEC_LANES;
        gemm_f32_tile(rows, block->depth, scratch, b, GEMM_NR, &end);
        if (d->scatter)
            conv_direct_scatter(d, y, group * d->ocg + column, tile, rows, end.columns);
    }
}

static void conv_direct_item(const conv_direct *d, const float *x, float *y, int64_t item, float *scratch)
{
    int64_t pixels = d->op.oh * d->op.ow;
    int64_t pb = item % d->pixel_blocks, rest = item / d->pixel_blocks;
    int64_t cb = rest % d->panel_blocks, outer = rest / d->panel_blocks;
    int64_t group = outer % d->op.groups, n = outer / d->op.groups;
    int64_t m0 = pb * pixels / d->pixel_blocks, m1 = (pb + 1) * pixels / d->pixel_blocks;
    int64_t p0 = cb * d->panels / d->panel_blocks, p1 = (cb + 1) * d->panels / d->panel_blocks;
    int64_t tiles = (m1 - m0 + GEMM_MR - 1) / GEMM_MR;

    x += n * d->x.image;
    y += n * d->y.image;
    for (int64_t b = 0; b < d->n_blocks; b++) {
        int64_t m = m0;
        for (int64_t t = 0; t < tiles; t++) {
            int rows = (int)((m1 - m + tiles - t - 1) / (tiles - t));
            conv_rows windows;
            conv_direct_rows(d, m, rows, &windows);
            conv_direct_gather(d, &d->blocks[b], &windows, group, x, scratch);
            conv_direct_tile(d, &d->blocks[b], rows, group, p0, p1, scratch, y + m * d->y.pixel);
            m += rows;
        }
    }
}

static void conv_direct_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                             int64_t phase, int64_t begin, int64_t end, int thread)
{
    const conv_direct *d = ctx;
    float *scratch = d->scratch + thread * (int64_t)GEMM_SCRATCH_FLOATS;

    (void)phase;
    for (int64_t item = begin; item < end; item++)
        conv_direct_item(d, inputs[0]->data, outputs[0]->data, item, scratch);
}
