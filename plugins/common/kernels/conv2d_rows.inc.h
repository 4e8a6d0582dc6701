/* conv2d/direct, paths rows and padded: tiles are neighbours of an output row, read in place or from a padded copy.
 * Part of conv2d_direct.inc.h. */
#ifndef LAYERCAKE_PLUGINS_COMMON_CONV2D_ROWS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_CONV2D_ROWS_INC_H

#include <string.h>

#include "common/kernels/conv2d_direct_plan.inc.h"

/* Where a group's input lies: the float of its channel c at (h, w) is at[(h - h0) row + (w - w0) pixel + chan(c)]. */
typedef struct conv_source {
    const float *at;
    conv_image image;
    int64_t h0, w0;
} conv_source;

enum { CONV_IMAGE = 2 }; /* the source that is the image itself, after the two strips */

/* Copy `columns` pixels of one input row, beginning at column w, of one block of channels; zeros outside. */
static inline void conv_copy_row(const conv_direct *d, const float *from, int64_t pixel, int64_t w, int64_t columns,
                                 int64_t floats, float *to)
{
    int64_t left = w < 0 ? (-w < columns ? -w : columns) : 0;
    int64_t whole = (d->op.iw - w < columns ? d->op.iw - w : columns) - left;

    if (whole < 0)
        whole = 0;
    memset(to, 0, (size_t)(left * floats) * sizeof *to);
    if (pixel == floats)
        memcpy(to + left * floats, from + (w + left) * pixel, (size_t)(whole * floats) * sizeof *to);
    else
        for (int64_t i = left; i < left + whole; i++)
            memcpy(to + i * floats, from + (w + i) * pixel, (size_t)floats * sizeof *to);
    memset(to + (left + whole) * floats, 0, (size_t)((columns - left - whole) * floats) * sizeof *to);
}

/* Copy a strip of the input rows that the item's output rows need. Rows outside of the image are left out: no tap
 * reads them. */
static conv_source conv_rows_copy(const conv_direct *d, const conv_item *item, const conv_strip *strip,
                                  const float *x, float *scratch)
{
    const cake_conv2d *op = &d->op;
    int64_t rows = conv_copy_rows(d, item->u1 - item->u0);
    int64_t floats = d->x.blocked ? VEC_LANES : d->icg, pieces = conv_copy_pixel(d) / floats;
    conv_source s = {.at = scratch,
                     .h0 = item->u0 * op->stride_h - op->pad_t,
                     .w0 = strip->w0,
                     .image = {.row = strip->columns * floats, .pixel = floats, .block = VEC_LANES}};

    if (d->x.blocked)
        s.image.block = rows * s.image.row;
    for (int64_t b = 0; b < pieces; b++)
        for (int64_t i = 0; i < rows; i++) {
            int64_t h = s.h0 + i;
            if (h >= 0 && h < op->ih)
                conv_copy_row(d, x + b * d->x.block + h * d->x.row, d->x.pixel, s.w0, strip->columns, floats,
                              scratch + b * s.image.block + i * s.image.row);
        }
    return s;
}

/* List a block's chunks for an output row whose windows begin at input row h: the taps inside of the image. */
static inline int64_t conv_rows_chunks(const conv_direct *d, const conv_block *block, const conv_source *s, int64_t h,
                                       gemm_chunk *chunk)
{
    const conv_segment *seg = d->segments + block->first;
    int64_t count = 0, k = 0;

    for (int32_t i = 0; i < block->segments; i++, seg++) {
        int64_t depth = (int64_t)seg->channels * seg->taps;
        if (h + seg->dh >= 0 && h + seg->dh < d->op.ih)
            chunk[count++] = (gemm_chunk){.a = conv_chan(&s->image, seg->c0) + (h + seg->dh - s->h0) * s->image.row +
                                               seg->dw * s->image.pixel,
                                          .b = k * GEMM_NR,
                                          .depth = depth};
        k += depth;
    }
    return count;
}

/* Which source a row's tile reads: a strip, or the image. */
static inline int conv_rows_source(const conv_direct *d, int64_t tile, int64_t tiles)
{
    if (d->strip[0].columns && (tile == 0 || d->whole))
        return 0;
    return d->strip[1].columns && tile == tiles - 1 ? 1 : CONV_IMAGE;
}

static void conv_rows_item(const conv_direct *d, const conv_item *item, const float *x, float *y, float *scratch)
{
    const float *at = x + conv_chan(&d->x, item->group * d->icg);
    conv_source source[CONV_IMAGE + 1] = {[CONV_IMAGE] = {.at = at, .image = d->x}};
    gemm_chunk chunks[CONV_IMAGE + 1][CONV_MAX_SEGMENTS];

    for (int i = 0; i < CONV_IMAGE; i++)
        if (d->strip[i].columns) {
            source[i] = conv_rows_copy(d, item, &d->strip[i], at, scratch);
            scratch += conv_copy_rows(d, item->u1 - item->u0) * d->strip[i].columns * conv_copy_pixel(d);
        }
    for (int64_t b = 0; b < d->n_blocks; b++)
        for (int64_t u = item->u0; u < item->u1; u++) {
            int64_t first = u * d->width, left = d->op.oh * d->op.ow - first, q = 0;
            int64_t pixels = left < d->width ? left : d->width, tiles = (pixels + GEMM_MR - 1) / GEMM_MR;
            int64_t h = d->flat ? 0 : u * d->op.stride_h - d->op.pad_t, listed[CONV_IMAGE + 1] = {-1, -1, -1};
            for (int64_t t = 0; t < tiles; t++) {
                int rows = (int)((pixels - q + tiles - t - 1) / (tiles - t)), from = conv_rows_source(d, t, tiles);
                const conv_source *s = &source[from];
                conv_left side = {.chunk = chunks[from], .lda = d->op.stride_w * s->image.pixel};
                if (listed[from] < 0)
                    listed[from] = conv_rows_chunks(d, &d->blocks[b], s, h, chunks[from]);
                side.chunks = listed[from];
                side.first = u == item->u0 && t == 0;
                side.a = s->at + ((d->flat ? first : 0) + q) * side.lda - (d->op.pad_l + s->w0) * s->image.pixel;
                conv_direct_tile(d, &d->blocks[b], rows, item, &side, y + (first + q) * d->y.pixel);
                q += rows;
            }
        }
}

#endif
