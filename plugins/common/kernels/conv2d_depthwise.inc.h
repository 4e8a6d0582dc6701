/* conv2d with one channel a group: every channel is filtered alone.
 *
 * Layout: blocked by VEC_LANES channels; a vector is the channels of a pixel. A tile is up to DW_TILE neighbours of
 * an output row, kept in registers over the window; each input pixel is loaded once for every row of the window and
 * used by all the outputs that it belongs to. Taps outside of the image are left out. An item is some rows of a block
 * of channels.
 *
 * Floor of an output vector: kh kw FMAs; of 3x3 at stride 1, beside them 3 (DW_TILE + 2) / DW_TILE loads. */
#include <stdbool.h>

#include "common/kernels/conv2d_image.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"

enum {
    DW_TILE = 8,
    DW_WINDOW = 5, /* widest window with tiles of its own */
    DW_ROWS = 8    /* of an item, or one: so that the rows that neighbours share stay in L1 */
};

typedef struct conv_depthwise {
    const cake_host *host;
    cake_conv2d op;
    conv_image x, y;
    int64_t blocks, row_blocks;
    float *w, *bias; /* [block][kh kw][lanes], [block][lanes] */
} conv_depthwise;

static void conv_depthwise_close(void *ctx)
{
    conv_depthwise *d = ctx;
    const cake_host *host = d->host;

    workspace_free(host, d->w);
    workspace_free(host, d->bias);
    host->free(host, d);
}

static int32_t conv_depthwise_open(const cake_problem *problem, const cake_tensor *const *constants,
                                   const cake_host *host, void **ctx)
{
    const cake_conv2d *op = problem->params;
    const float *w = constants[0]->data, *bias = op->bias ? constants[1]->data : NULL;
    conv_depthwise *d = host->alloc(host, sizeof *d, 64);
    int64_t taps = op->kh * op->kw;

    if (!d)
        return CAKE_NO_MEMORY;
    d->host = host;
    d->op = *op;
    d->x = conv_image_of(problem->inputs[0]);
    d->y = conv_image_of(problem->outputs[0]);
    d->blocks = (op->oc + VEC_LANES - 1) / VEC_LANES;
    d->row_blocks = (op->oh + DW_ROWS - 1) / DW_ROWS;
    d->w = workspace_floats(host, d->blocks * taps * VEC_LANES);
    d->bias = workspace_floats(host, d->blocks * VEC_LANES);
    if (!d->w || !d->bias) {
        conv_depthwise_close(d);
        return CAKE_NO_MEMORY;
    }
    for (int64_t c = 0; c < op->oc; c++) {
        for (int64_t t = 0; t < taps; t++)
            d->w[(c / VEC_LANES * taps + t) * VEC_LANES + c % VEC_LANES] = w[c * taps + t];
        d->bias[c] = bias ? bias[c] : 0;
    }
    *ctx = d;
    return CAKE_DONE;
}

static int64_t conv_depthwise_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t conv_depthwise_items(const void *ctx, int64_t phase)
{
    const conv_depthwise *d = ctx;

    (void)phase;
    return d->op.n * d->blocks * d->row_blocks;
}

/* A tile's surroundings. */
typedef struct dw_tile {
    const float *x;    /* first pixel of the first window; may lie outside of the image */
    int64_t row;       /* distance of the window's rows */
    int64_t kh0, kh1;  /* the window's rows inside of the image */
    int64_t low, high; /* pixels from x on that are inside: low .. high-1 */
    const float *w, *bias;
    float *y;
} dw_tile;

/* A tile of `tile` outputs, window `kw` wide without dilation, stride s. edge: some pixels are outside. */
VEC_INLINE void dw_tile_run(int tile, int kw, int s, bool edge, const dw_tile *t)
{
    const int pixels = (tile - 1) * s + kw;
    vec acc[DW_TILE], bias = vec_load(t->bias);

    VEC_UNROLL
    for (int i = 0; i < tile; i++)
        acc[i] = bias;
    for (int64_t kh = t->kh0; kh < t->kh1; kh++) {
        const float *x = t->x + kh * t->row, *w = t->w + kh * kw * VEC_LANES;
        vec wv[DW_WINDOW];
        VEC_UNROLL
        for (int q = 0; q < kw; q++)
            wv[q] = vec_load(w + q * VEC_LANES);
        VEC_UNROLL
        for (int j = 0; j < pixels; j++) {
            if (!edge || (j >= t->low && j < t->high)) {
                vec v = vec_load(x + j * VEC_LANES);
                VEC_UNROLL
                for (int q = 0; q < kw; q++)
                    if (j >= q && (j - q) % s == 0 && (j - q) / s < tile)
                        acc[(j - q) / s] = vec_fma(v, wv[q], acc[(j - q) / s]);
            }
        }
    }
    VEC_UNROLL
    for (int i = 0; i < tile; i++)
        vec_store(t->y + i * VEC_LANES, acc[i]);
}

VEC_INLINE void dw_tile_count(int tile, int kw, int s, bool edge, const dw_tile *t)
{
    switch (tile) {
    case 1:
        dw_tile_run(1, kw, s, edge, t);
        break;
    case 2:
        dw_tile_run(2, kw, s, edge, t);
        break;
    case 3:
        dw_tile_run(3, kw, s, edge, t);
        break;
    case 4:
        dw_tile_run(4, kw, s, edge, t);
        break;
    case 5:
        dw_tile_run(5, kw, s, edge, t);
        break;
    case 6:
        dw_tile_run(6, kw, s, edge, t);
        break;
    case 7:
        dw_tile_run(7, kw, s, edge, t);
        break;
    default:
        dw_tile_run(8, kw, s, edge, t);
        break;
    }
}

VEC_INLINE void dw_tile_edge(int tile, int kw, int s, const dw_tile *t)
{
    if (t->low > 0 || t->high < (tile - 1) * s + kw)
        dw_tile_count(tile, kw, s, true, t);
    else
        dw_tile_count(tile, kw, s, false, t);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s1(int tile, const dw_tile *t)
{
    dw_tile_edge(tile, 3, 1, t);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s2(int tile, const dw_tile *t)
{
    dw_tile_edge(tile, 3, 2, t);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s1(int tile, const dw_tile *t)
{
    dw_tile_edge(tile, 5, 1, t);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s2(int tile, const dw_tile *t)
{
    dw_tile_edge(tile, 5, 2, t);
}

/* Any window: tap by tap. */
static __attribute__((noinline)) void conv2d_f32_depthwise_any(int tile, const dw_tile *t, int64_t kw, int64_t stride,
                                                               int64_t dilation)
{
    for (int i = 0; i < tile; i++) {
        vec acc = vec_load(t->bias);
        for (int64_t kh = t->kh0; kh < t->kh1; kh++)
            for (int64_t q = 0; q < kw; q++) {
                int64_t j = i * stride + q * dilation;
                if (j >= t->low && j < t->high)
                    acc = vec_fma(vec_load(t->x + kh * t->row + j * VEC_LANES),
                                  vec_load(t->w + (kh * kw + q) * VEC_LANES), acc);
            }
        vec_store(t->y + i * VEC_LANES, acc);
    }
}

static void dw_tile_dispatch(const cake_conv2d *op, int tile, const dw_tile *t)
{
    if (op->dil_w == 1 && op->kw == 3 && op->stride_w == 1)
        conv2d_f32_depthwise3_s1(tile, t);
    else if (op->dil_w == 1 && op->kw == 3 && op->stride_w == 2)
        conv2d_f32_depthwise3_s2(tile, t);
    else if (op->dil_w == 1 && op->kw == 5 && op->stride_w == 1)
        conv2d_f32_depthwise5_s1(tile, t);
    else if (op->dil_w == 1 && op->kw == 5 && op->stride_w == 2)
        conv2d_f32_depthwise5_s2(tile, t);
    else
        conv2d_f32_depthwise_any(tile, t, op->kw, op->stride_w, op->dil_w);
}

/* One output row of a block of channels. x, y: the block's image. */
static void conv_depthwise_row(const conv_depthwise *d, int64_t block, int64_t p, const float *x, float *y)
{
    const cake_conv2d *op = &d->op;
    int64_t h = p * op->stride_h - op->pad_t, tiles = (op->ow + DW_TILE - 1) / DW_TILE, q = 0;
    dw_tile t = {.row = op->dil_h * d->x.row,
                 .kh1 = op->kh,
                 .w = d->w + block * op->kh * op->kw * VEC_LANES,
                 .bias = d->bias + block * VEC_LANES};

    while (t.kh0 < t.kh1 && h + t.kh0 * op->dil_h < 0)
        t.kh0++;
    while (t.kh1 > t.kh0 && h + (t.kh1 - 1) * op->dil_h >= op->ih)
        t.kh1--;
    for (int64_t i = 0; i < tiles; i++) {
        int tile = (int)((op->ow - q + tiles - i - 1) / (tiles - i));
        int64_t w = q * op->stride_w - op->pad_l;
        t.x = x + h * d->x.row + w * VEC_LANES;
        t.low = -w;
        t.high = op->iw - w;
        t.y = y + p * d->y.row + q * VEC_LANES;
        dw_tile_dispatch(op, tile, &t);
        q += tile;
    }
}

static void conv_depthwise_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                int64_t phase, int64_t begin, int64_t end, int thread)
{
    const conv_depthwise *d = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

    (void)phase;
    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        int64_t rb = item % d->row_blocks, rest = item / d->row_blocks;
        int64_t block = rest % d->blocks, n = rest / d->blocks;
        for (int64_t p = rb * d->op.oh / d->row_blocks; p < (rb + 1) * d->op.oh / d->row_blocks; p++)
            conv_depthwise_row(d, block, p, x + n * d->x.image + block * d->x.block,
                               y + n * d->y.image + block * d->y.block);
    }
}
