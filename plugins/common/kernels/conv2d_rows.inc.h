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

/* Which source a row's tile reads: a strip, or the image; a row's first and last tile have lists of their own. */
static inline int conv_rows_source(const conv_direct *d, int64_t tile, int64_t tiles)
{
    if ((d->edges || d->strip[0].columns) && (tile == 0 || d->whole))
        return 0;
    return (d->edges || d->strip[1].columns) && tile == tiles - 1 ? 1 : CONV_IMAGE;
}

/* What the tiles of an item and a block of k share. */
typedef struct conv_rows {
    const conv_direct *d;
    const conv_item *item;
    const conv_block *block;
    float *y; /* the image */
    conv_source source[CONV_IMAGE + 1];
    int64_t top, bottom; /* of the window's rows, those that are listed: the ones inside of the image */
    gemm_left left[CONV_IMAGE + 1];
    gemm_right right;
    gemm_chunk chunks[CONV_IMAGE + 1][CONV_MAX_SEGMENTS];
} conv_rows;

/* Which row of the tile that reads `from` has a tap beside the image. */
static gemm_out conv_rows_out(const conv_direct *d, int from, int64_t dw)
{
    const cake_conv2d *op = &d->op;
    bool last = from == 1 || (from == 0 && conv_direct_tiles(op->ow) == 1);

    if (!d->edges)
        return GEMM_NONE_OUT;
    if (from == 0 && dw < op->pad_l)
        return GEMM_FIRST_OUT;
    return last && (op->ow - 1) * op->stride_w - op->pad_l + dw >= op->iw ? GEMM_LAST_OUT : GEMM_NONE_OUT;
}

/* List the block's chunks in one source, relative to the window's first row. */
static void conv_rows_list(conv_rows *r, int from)
{
    const conv_direct *d = r->d;
    const conv_image *image = &r->source[from].image;
    const conv_segment *seg = d->segments + r->block->first;
    gemm_chunk *chunk = r->chunks[from];
    int64_t k = 0;

    for (int32_t i = 0; i < r->block->segments; i++, seg++) {
        int64_t at = conv_chan(image, seg->c0) + seg->dh * image->row + seg->dw * image->pixel, taps;
        for (int32_t t = 0; t < seg->taps; t += (int32_t)taps, k += taps * seg->channels) {
            gemm_out out = conv_rows_out(d, from, seg->dw + t);
            for (taps = 1; t + taps < seg->taps && conv_rows_out(d, from, seg->dw + t + taps) == out; taps++)
                ;
            if (seg->dh >= r->top && seg->dh < r->bottom)
                *chunk++ = (gemm_chunk){
                    .a = at + t * image->pixel, .b = k * GEMM_NR, .depth = taps * seg->channels, .out = out};
        }
    }
    r->left[from] = (gemm_left){.chunk = r->chunks[from], .end = chunk, .lda = d->op.stride_w * image->pixel};
}

/* List the chunks for windows that begin at input row h, if they are not those of the row before. */
static inline void conv_rows_window(conv_rows *r, int64_t h)
{
    int64_t window = (r->d->op.kh - 1) * r->d->op.dil_h + 1, rest = r->d->op.ih - h;
    int64_t top = h < 0 ? -h : 0, bottom = rest < window ? rest : window;

    if (top == r->top && bottom == r->bottom)
        return;
    r->top = top, r->bottom = bottom;
    for (int i = 0; i <= CONV_IMAGE; i++)
        conv_rows_list(r, i);
}

/* Multiply a tile whose first window begins at (h, w) with the item's panels. y: its first pixel. */
static VEC_NOINLINE void conv_rows_tile(const conv_rows *r, int from, gemm_kind kind, int rows, int64_t h, int64_t w,
                                        float *y)
{
    const conv_source *s = &r->source[from];
    const float *a = s->at + (h - s->h0) * s->image.row + (w - s->w0) * s->image.pixel;
    const gemm_tile_end end = conv_direct_end(r->d, r->block, r->item, y);

    gemm_f32_chunks(rows, kind, &r->left[from], a, &r->right, &end);
}

/* Compute row u of tiles. */
static void conv_rows_row(conv_rows *r, int64_t u)
{
    const conv_direct *d = r->d;
    int64_t first = u * d->width, rest = d->op.oh * d->op.ow - first, pixels = rest < d->width ? rest : d->width;
    int64_t h = d->flat ? 0 : u * d->op.stride_h - d->op.pad_t, tiles = conv_direct_tiles(pixels), q = 0;
    int64_t low = pixels / tiles, more = pixels % tiles;

    conv_rows_window(r, h);
    for (int64_t t = 0; t < tiles; t++) {
        int rows = (int)(low + (t < more)), from = conv_rows_source(d, t, tiles);
        int64_t w = d->flat ? first + q : q * d->op.stride_w - d->op.pad_l;
        gemm_kind kind = d->edges && from != CONV_IMAGE ? GEMM_EDGE : GEMM_INNER;
        if (d->far || (u == r->item->u0 && t == 0)) /* the next tile, or b, is not in L2 yet */
            kind = GEMM_AHEAD;
        conv_rows_tile(r, from, kind, rows, h, w, r->y + (first + q) * d->y.pixel);
        q += rows;
    }
}

static void conv_rows_item(const conv_direct *d, const conv_item *item, const float *x, float *y, float *scratch)
{
    const float *at = x + conv_chan(&d->x, item->group * d->icg);
    conv_rows r;

    r.d = d, r.item = item, r.y = y;
    for (int i = 0; i < CONV_IMAGE; i++)
        if (d->strip[i].columns) {
            r.source[i] = conv_rows_copy(d, item, &d->strip[i], at, scratch);
            scratch += conv_copy_rows(d, item->u1 - item->u0) * d->strip[i].columns * conv_copy_pixel(d);
        } else {
            r.source[i] = (conv_source){.at = at, .image = d->x};
        }
    r.source[CONV_IMAGE] = (conv_source){.at = at, .image = d->x};
    for (int64_t b = 0; b < d->n_blocks; b++) {
        r.block = &d->blocks[b];
        r.right = conv_direct_right(d, r.block, item);
        r.top = -1;
        for (int64_t u = item->u0; u < item->u1; u++)
            conv_rows_row(&r, u);
    }
}

#endif
