/* conv2d/direct, path gather: a tile's k values are copied into L1. Part of conv2d_direct.inc.h. */
#ifndef LAYERCAKE_PLUGINS_COMMON_CONV2D_GATHER_INC_H
#define LAYERCAKE_PLUGINS_COMMON_CONV2D_GATHER_INC_H

#include "common/kernels/conv2d_direct_plan.inc.h"

/* What a tap in the padding reads. */
static const float conv_zeros[GEMM_KC + VEC_LANES];

/* The windows of a tile's pixels. */
typedef struct conv_windows {
    int rows;
    bool inside;                                     /* no window reaches into the padding */
    int64_t h[GEMM_MR], w[GEMM_MR], offset[GEMM_MR]; /* of each window's corner; offset in floats */
} conv_windows;

static inline void conv_gather_windows(const conv_direct *d, int64_t pixel, int rows, conv_windows *t)
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
static void conv_copy_edge(const conv_direct *d, const conv_segment *s, const conv_windows *t, int r, float *to,
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
static inline void conv_gather(const conv_direct *d, const conv_block *block, const conv_windows *t, int64_t group,
                               const float *x, float *scratch)
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
static void conv_gather_scatter(const conv_direct *d, float *y, int64_t channel, const float *tile, int rows,
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

/* Multiply a gathered tile with panel p, and put its columns where their channels lie. */
static void conv_gather_scattered(const conv_direct *d, const conv_block *block, int rows, const conv_item *item,
                                  int64_t p, const float *a, const float *b, float *y)
{
    int64_t column = p * GEMM_NR, channel = item->group * d->ocg + column, left = d->ocg - column;
    _Alignas(64) float tile[GEMM_MR * GEMM_NR];
    gemm_tile_end end = {.c = tile, .ldc = GEMM_NR, .step = VEC_LANES, .columns = left < GEMM_NR ? left : GEMM_NR};

    if (block->k0 > 0) {
        conv_direct_gather_back(d, y, channel, tile, rows, end.columns);
        end.add = tile, end.ldadd = GEMM_NR, end.addstep = VEC_LANES;
    } else if (d->op.bias) {
        end.add = d->bias + item->group * d->panels * GEMM_NR + column, end.addstep = VEC_LANES;
    }
    gemm_f32_tile(rows, block->depth, a, b, GEMM_NR, &end);
    conv_gather_scatter(d, y, channel, tile, rows, end.columns);
}

/* Multiply a gathered tile with panels p0 .. p1-1 of a block of k. y: the tile's first pixel. */
static inline void conv_gather_tile(const conv_direct *d, const conv_block *block, int rows, const conv_item *item,
                                    const float *a, float *y)
{
    const float *b = conv_direct_right(d, block, item).b;
    gemm_tile_end end = conv_direct_end(d, block, item, y);

    for (int64_t p = item->p0; p < item->p1; p++, b += block->depth * GEMM_NR) {
        if (d->scatter)
            conv_gather_scattered(d, block, rows, item, p, a, b, y);
        else
            gemm_f32_tile(rows, block->depth, a, b, GEMM_NR, &end);
        end.c += GEMM_NV * end.step;
        end.columns -= GEMM_NR;
        if (end.add)
            end.add += GEMM_NV * end.addstep;
    }
}

static void conv_gather_item(const conv_direct *d, const conv_item *item, const float *x, float *y, float *scratch)
{
    int64_t pixels = d->op.oh * d->op.ow, units = conv_direct_units(d);
    int64_t m0 = item->u0 * pixels / units, m1 = item->u1 * pixels / units;
    int64_t tiles = conv_direct_tiles(m1 - m0);

    for (int64_t b = 0; b < d->n_blocks; b++) {
        int64_t m = m0;
        for (int64_t t = 0; t < tiles; t++) {
            int rows = (int)((m1 - m + tiles - t - 1) / (tiles - t));
            conv_windows windows;
            conv_gather_windows(d, m, rows, &windows);
            conv_gather(d, &d->blocks[b], &windows, item->group, x, scratch);
            conv_gather_tile(d, &d->blocks[b], rows, item, scratch, y + m * d->y.pixel);
            m += rows;
        }
    }
}

#endif
