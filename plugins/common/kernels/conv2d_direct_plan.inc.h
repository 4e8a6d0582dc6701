/* conv2d/direct: how a problem is cut, and its packed weights. Part of conv2d_direct.inc.h. */
#ifndef LAYERCAKE_PLUGINS_COMMON_CONV2D_DIRECT_PLAN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_CONV2D_DIRECT_PLAN_INC_H

#include "common/kernels/conv2d_image.inc.h"
#include "common/kernels/gemm_chunks.inc.h"
#include "common/kernels/workspace.h"

enum {
    CONV_PIXELS = GEMM_MR * (GEMM_MR > 6 ? 14 : 32), /* of an item at most */
    CONV_W_FLOATS = 320 * GEMM_KC,                   /* of weights that an item uses again: half of a 1 MiB L2 */
    CONV_MERGE = 64,                                 /* taps of a window's row are one segment up to so many floats */
    CONV_COPY_FLOATS = 80000,                        /* padded copy of an item's rows at most, if more than one row */
    CONV_LEAST_TILE = GEMM_MR > 6 ? 7 : 4,           /* narrower tiles of rows waste more than a gather */
    CONV_PIECES = 3,                                 /* of a segment: taps left of the image, inside, right of it */
    CONV_MAX_SEGMENTS = GEMM_KC_IN_PLACE             /* of a block of k */
};

typedef enum conv_path { CONV_GATHER, CONV_ROWS, CONV_PADDED } conv_path;

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

/* Input columns that are copied, with zeros for those outside of the image. */
typedef struct conv_strip {
    int64_t w0, columns;
} conv_strip;

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
    conv_path path;
    int64_t kc;          /* a block of k at most */
    int64_t rows, width; /* output rows as tiles see them: a 1x1 image is one row cut into pieces */
    bool flat;           /* that is so */
    bool edges;          /* path rows: a row's first pixel has taps left of the image, or its last one right of it */
    conv_strip strip[2]; /* path padded: what the first and the last tile of a row read; none: no columns */
    bool whole;          /* path padded: all tiles read the first strip */
    int64_t thread_floats; /* of scratch for each thread */
    bool by_pixels;        /* how items are numbered: a block of pixels after the other, or of panels */
    bool far;              /* a 1x1 image that lies beyond L2: each tile fetches the next one's */
    bool scatter;          /* output channels of a group do not begin at a block of the layout */
} conv_direct;

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

/* Cut the segments into blocks of nearly equal depth. */
static void conv_direct_blocks(conv_direct *d)
{
    int64_t wanted = gemm_k_block_of(d->k, d->kc), k = 0;

    d->n_blocks = 0;
    for (int64_t i = 0; i < d->n_segments; i++) {
        int64_t length = (int64_t)d->segments[i].channels * d->segments[i].taps;
        conv_block *block = d->n_blocks ? &d->blocks[d->n_blocks - 1] : NULL;
        if (!block || block->depth >= wanted || block->depth + length > d->kc) {
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

/* The padded copy of the input rows that `rows` output rows need: how many, how wide, floats of a pixel. */
static inline int64_t conv_copy_rows(const conv_direct *d, int64_t rows)
{
    return (rows - 1) * d->op.stride_h + (d->op.kh - 1) * d->op.dil_h + 1;
}

static inline int64_t conv_copy_columns(const conv_direct *d)
{
    return (d->op.ow - 1) * d->op.stride_w + (d->op.kw - 1) * d->op.dil_w + 1;
}

static inline int64_t conv_copy_pixel(const conv_direct *d)
{
    return d->x.blocked ? (d->icg + VEC_LANES - 1) / VEC_LANES * VEC_LANES : d->icg;
}

/* How many tiles that many pixels are cut into. */
static inline int64_t conv_direct_tiles(int64_t pixels)
{
    return (pixels + GEMM_MR - 1) / GEMM_MR;
}

/* Which columns path padded copies: those of the tiles at a row's ends that reach into the padding. The other tiles
 * read the image, if its pixels do not collide. */
static void conv_direct_strips(conv_direct *d)
{
    const cake_conv2d *op = &d->op;
    int64_t tiles = conv_direct_tiles(op->ow), first = (op->ow + tiles - 1) / tiles, last = op->ow / tiles;
    int64_t window = (op->kw - 1) * op->dil_w + 1, right = (op->ow - last) * op->stride_w - op->pad_l;
    int64_t beyond = conv_copy_columns(d) - op->pad_l - op->iw; /* of the image's right edge */

    d->whole = tiles == 1 || op->pad_l > first * op->stride_w || beyond > last * op->stride_w ||
               gemm_rows_collide(op->stride_w * d->x.pixel);
    if (d->whole)
        d->strip[0] = (conv_strip){.w0 = -op->pad_l, .columns = conv_copy_columns(d)};
    if (!d->whole && op->pad_l > 0)
        d->strip[0] = (conv_strip){.w0 = -op->pad_l, .columns = (first - 1) * op->stride_w + window};
    if (!d->whole && beyond > 0)
        d->strip[1] = (conv_strip){.w0 = right, .columns = (last - 1) * op->stride_w + window};
}

/* Taps fall beside the image for a row's first and its last pixel only, and none for both. beyond: columns that the
 * last window reaches beyond the right edge. */
static bool conv_direct_edges(const cake_conv2d *op, int64_t beyond)
{
    return op->pad_l <= op->stride_w && beyond <= op->stride_w && (op->ow - 1) * op->stride_w <= op->iw;
}

/* All weights stay in L2, and their chunks in the list: to come back to each tile for blocks of k would only cost. */
static bool conv_direct_one_block(const conv_direct *d)
{
    return d->k * d->panels * GEMM_NR <= CONV_W_FLOATS && CONV_PIECES * d->n_segments <= CONV_MAX_SEGMENTS;
}

/* The weights of a 1x1 image stay in the L2 of each thread, and the image is larger: each thread had better read a part
 * of that. */
static bool conv_direct_little_w(const conv_direct *d)
{
    return d->flat && conv_direct_one_block(d) && d->op.oh * d->op.ow > d->op.oc;
}

static void conv_direct_path(conv_direct *d)
{
    const cake_conv2d *op = &d->op;
    int64_t beyond = conv_copy_columns(d) - op->pad_l - op->iw; /* of the image's right edge */
    bool wide = op->ow >= CONV_LEAST_TILE * conv_direct_tiles(op->ow), padded = op->pad_l > 0 || beyond > 0;
    bool collide = gemm_rows_collide(op->stride_w * d->x.pixel);

    d->rows = op->oh;
    d->width = op->ow;
    d->path = CONV_GATHER;
    d->kc = GEMM_KC;
    if (d->scatter || (d->x.blocked && op->groups > 1 && d->icg % VEC_LANES != 0))
        return;
    d->flat = op->kh == 1 && op->kw == 1 && op->stride_h == 1 && op->stride_w == 1 && op->oh == op->ih &&
              op->ow == op->iw && op->pad_t == 0 && op->pad_l == 0 && d->x.row == op->iw * d->x.pixel &&
              d->y.row == op->ow * d->y.pixel;
    if (d->flat) {
        d->width = 8 * GEMM_MR;
        d->rows = (op->oh * op->ow + d->width - 1) / d->width;
    }
    if (op->kh * op->kw == 1 && op->ow < GEMM_MR) /* a gathered tile spans rows, and copies a value only once */
        wide = false;
    if (d->flat || (wide && !padded))
        d->path = collide ? CONV_GATHER : CONV_ROWS;
    else if (wide && !collide && conv_direct_edges(op, beyond))
        d->path = CONV_ROWS;
    else if (wide && (d->x.blocked || !gemm_rows_collide(op->stride_w * d->icg)))
        d->path = CONV_PADDED;
    d->edges = d->path == CONV_ROWS && padded;
    if (d->path != CONV_GATHER)
        d->kc = conv_direct_one_block(d) ? d->k : GEMM_KC_IN_PLACE;
    if (d->path == CONV_PADDED)
        conv_direct_strips(d);
}

/* What an image is cut into: tiles of pixels, or rows. */
static int64_t conv_direct_units(const conv_direct *d)
{
    return d->path == CONV_GATHER ? conv_direct_tiles(d->op.oh * d->op.ow) : d->rows;
}

/* About four items a thread where there is more than one, two where each of them copies its rows: panels are split
 * first, they share nothing else; pixels, if by_pixels. */
static void conv_direct_cut(conv_direct *d, int threads)
{
    int64_t pixels = d->op.oh * d->op.ow, units = conv_direct_units(d);
    int64_t outer = d->op.n * d->op.groups, wanted = 1;
    int64_t fit = CONV_W_FLOATS / (gemm_k_block_of(d->k, d->kc) * GEMM_NR);

    if (threads > 1)
        wanted = (d->path == CONV_PADDED ? 2 : 4) * (int64_t)threads;
    d->pixel_blocks = (pixels + CONV_PIXELS - 1) / CONV_PIXELS;
    d->panel_blocks = (d->panels + fit - 1) / fit;
    if (d->panel_blocks == 1 && d->k <= d->kc) /* nothing is met again */
        d->pixel_blocks = 1;
    if (d->by_pixels && outer * d->pixel_blocks * d->panel_blocks < wanted)
        d->pixel_blocks = (wanted + outer * d->panel_blocks - 1) / (outer * d->panel_blocks);
    if (d->pixel_blocks > units)
        d->pixel_blocks = units;
    if (outer * d->pixel_blocks * d->panel_blocks < wanted)
        d->panel_blocks = (wanted + outer * d->pixel_blocks - 1) / (outer * d->pixel_blocks);
    if (d->panel_blocks > d->panels)
        d->panel_blocks = d->panels;
    if (outer * d->pixel_blocks * d->panel_blocks < wanted)
        d->pixel_blocks = (wanted + outer * d->panel_blocks - 1) / (outer * d->panel_blocks);
    if (d->path == CONV_PADDED) { /* no more rows in an item than the copy may hold */
        int64_t span = conv_copy_rows(d, 1);
        int64_t row = (d->strip[0].columns + d->strip[1].columns) * conv_copy_pixel(d);
        int64_t high = (CONV_COPY_FLOATS / row - span) / d->op.stride_h + 1;
        int64_t least = (units + (high > 0 ? high : 1) - 1) / (high > 0 ? high : 1);
        if (d->pixel_blocks < least)
            d->pixel_blocks = least;
    }
    if (d->pixel_blocks > units)
        d->pixel_blocks = units;
    d->thread_floats = GEMM_SCRATCH_FLOATS;
    if (d->path == CONV_PADDED)
        d->thread_floats = conv_copy_rows(d, (units + d->pixel_blocks - 1) / d->pixel_blocks) *
                           (d->strip[0].columns + d->strip[1].columns) * conv_copy_pixel(d);
}

/* Which part of the work an item is: pixel units u0 .. u1-1 of an image by panels p0 .. p1-1 of a group. */
typedef struct conv_item {
    int64_t n, group, u0, u1, p0, p1;
} conv_item;

static conv_item conv_direct_item(const conv_direct *d, int64_t item)
{
    int64_t units = conv_direct_units(d);
    int64_t blocks = d->pixel_blocks * d->panel_blocks, outer = item / blocks, inner = item % blocks;
    int64_t ub = d->by_pixels ? inner / d->panel_blocks : inner % d->pixel_blocks;
    int64_t pb = d->by_pixels ? inner % d->panel_blocks : inner / d->pixel_blocks;

    return (conv_item){.n = outer / d->op.groups,
                       .group = outer % d->op.groups,
                       .u0 = ub * units / d->pixel_blocks,
                       .u1 = (ub + 1) * units / d->pixel_blocks,
                       .p0 = pb * d->panels / d->panel_blocks,
                       .p1 = (pb + 1) * d->panels / d->panel_blocks};
}

/* An item's panels in a block of k. */
static inline gemm_right conv_direct_right(const conv_direct *d, const conv_block *block, const conv_item *item)
{
    const float *b = d->w + (item->group * d->k + block->k0) * d->panels * GEMM_NR;
    int64_t end = item->p1 * GEMM_NR < d->ocg ? item->p1 * GEMM_NR : d->ocg;

    return gemm_right_of(b + item->p0 * block->depth * GEMM_NR, block->depth * GEMM_NR, end - item->p0 * GEMM_NR);
}

/* Where an item's tile goes from its first panel on. y: the tile's first pixel. */
static inline gemm_tile_end conv_direct_end(const conv_direct *d, const conv_block *block, const conv_item *item,
                                            float *y)
{
    int64_t column = item->p0 * GEMM_NR;
    gemm_tile_end end = {.c = y + conv_chan(&d->y, item->group * d->ocg + column),
                         .ldc = d->y.pixel,
                         .step = d->y.block,
                         .addstep = VEC_LANES,
                         .columns = d->ocg - column};

    if (d->y.blocked) /* the last block's padding channels exist and may be written */
        end.columns = (end.columns + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    if (block->k0 > 0)
        end.add = end.c, end.ldadd = end.ldc, end.addstep = end.step;
    else if (d->op.bias)
        end.add = d->bias + item->group * d->panels * GEMM_NR + column;
    return end;
}

#endif
