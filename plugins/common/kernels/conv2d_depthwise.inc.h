/* conv2d with one channel a group: every channel is filtered alone.
 *
 * Layout: blocked by VEC_LANES channels; a vector is the channels of a pixel. A tile is up to DW_TILE neighbours of
 * an output row, kept in registers over the window; each input pixel is loaded once for every row of the window and
 * used by all the outputs that it belongs to. With 32 registers a 3x3 window is kept for two output rows at once.
 * Taps outside of the image are left out. An item is some rows of a block of channels.
 *
 * Floor of an output vector: kh kw FMAs; of 3x3 at stride 1, beside them 3 (DW_TILE + 2) / DW_TILE loads, two thirds
 * of that in pairs of rows. */
#include <stdbool.h>

#include "common/kernels/conv2d_image.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"

enum {
    DW_TILE = 8,
    DW_WINDOW = 5,                  /* widest window with tiles of its own */
    DW_PAIRS = VEC_REGISTERS == 32, /* two output rows at once: 16 accumulators and 9 weights */
    DW_ROWS = 8                     /* of an item, or one: so that the rows that neighbours share stay in L1 */
};

/* One or two output rows of a block of channels. */
typedef struct dw_row {
    const float *x;    /* first pixel of the first window; may lie outside of the image */
    int64_t row;       /* distance of the window's rows */
    int64_t kh0, kh1;  /* the input rows inside of the image, counted from the first window's first */
    int64_t low, high; /* pixels from x on that are inside: low .. high-1 */
    int64_t width;     /* outputs of a row */
    const float *w, *bias;
    float *y;
    int64_t yrow; /* to the second output row */
} dw_row;

/* What does `count` neighbouring tiles of `tile` outputs from output q on, all inside of the image; and what does one
 * at its edge. */
typedef struct dw_tiles {
    void (*inner)(const dw_row *row, int64_t tile, int64_t count, int64_t q);
    void (*edge)(const dw_row *row, int64_t tile, int64_t count, int64_t q);
} dw_tiles;

typedef struct conv_depthwise {
    const cake_host *host;
    cake_conv2d op;
    conv_image x, y;
    int64_t blocks, row_blocks;
    int64_t tiles, tile, wider; /* a row is cut into `tiles` tiles of `tile` outputs, the first `wider` of one more */
    float *w, *bias;            /* [block][kh kw][lanes], [block][lanes] */
    const dw_tiles *single;     /* NULL: any window, tap by tap */
    const dw_tiles *pair;       /* of two rows, windows inside of the image; NULL: none for this window */
} conv_depthwise;

static void conv_depthwise_close(void *ctx)
{
    conv_depthwise *d = ctx;
    const cake_host *host = d->host;

    workspace_free(host, d->w);
    workspace_free(host, d->bias);
    host->free(host, d);
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

/* Add what one input row, its pixels at x, gives to `tile` outputs by a row of weights, and to those of the output
 * row below by a second row (w2 NULL: to none). At the image's edge the first and last kw / 2 of the pixels may be
 * outside of it: all but low .. high-1. */
VEC_INLINE void dw_tile_input(bool edge, int tile, int kw, int s, const float *x, int64_t low, int64_t high,
                              const float *w, vec *acc, const float *w2, vec *acc2)
{
    const int pixels = (tile - 1) * s + kw, reach = kw / 2;
    vec wv[DW_WINDOW], wv2[DW_WINDOW];

    VEC_UNROLL
    for (int k = 0; k < kw; k++) {
        wv[k] = vec_keep(vec_load(w + k * VEC_LANES));
        if (w2)
            wv2[k] = vec_keep(vec_load(w2 + k * VEC_LANES));
    }
    VEC_UNROLL
    for (int j = 0; j < pixels; j++) {
        if (!edge || ((j >= reach || j >= low) && (j < pixels - reach || j < high))) {
            vec v = vec_keep(vec_load(x + j * VEC_LANES));
            VEC_UNROLL
            for (int k = 0; k < kw; k++)
                if (j >= k && (j - k) % s == 0 && (j - k) / s < tile) {
                    acc[(j - k) / s] = vec_fma(v, wv[k], acc[(j - k) / s]);
                    if (w2)
                        acc2[(j - k) / s] = vec_fma(v, wv2[k], acc2[(j - k) / s]);
                }
        }
    }
}

/* A tile of `tile` outputs from output q on, window `kw` wide, stride s. */
VEC_INLINE void dw_tile_run(bool edge, int tile, int kw, int s, const dw_row *t, int64_t q)
{
    const float *x = t->x + t->kh0 * t->row + q * s * VEC_LANES, *w = t->w + t->kh0 * kw * VEC_LANES;
    vec acc[DW_TILE];

    VEC_UNROLL
    for (int i = 0; i < tile; i++)
        acc[i] = vec_load(t->bias);
    for (int64_t kh = t->kh0; kh < t->kh1; kh++, x += t->row, w += kw * VEC_LANES)
        dw_tile_input(edge, tile, kw, s, x, t->low - q * s, t->high - q * s, w, acc, NULL, NULL);
    VEC_UNROLL
    for (int i = 0; i < tile; i++)
        vec_store(t->y + (q + i) * VEC_LANES, acc[i]);
}

/* The same of two output rows, window 3 by 3, stride s, all input rows inside of the image: what both use is loaded
 * once. */
VEC_INLINE void dw_tile_pair(bool edge, int tile, int s, const dw_row *t, int64_t q)
{
    const float *x = t->x + q * s * VEC_LANES, *w = t->w;
    int64_t low = t->low - q * s, high = t->high - q * s, row = 3 * VEC_LANES;
    vec acc[DW_TILE], acc2[DW_TILE];

    VEC_UNROLL
    for (int i = 0; i < tile; i++)
        acc[i] = acc2[i] = vec_load(t->bias);
    VEC_UNROLL
    for (int i = 0; i < s; i++)
        dw_tile_input(edge, tile, 3, s, x + i * t->row, low, high, w + i * row, acc, NULL, NULL);
    VEC_UNROLL
    for (int i = s; i < 3; i++)
        dw_tile_input(edge, tile, 3, s, x + i * t->row, low, high, w + i * row, acc, w + (i - s) * row, acc2);
    VEC_UNROLL
    for (int i = 3; i < 3 + s; i++)
        dw_tile_input(edge, tile, 3, s, x + i * t->row, low, high, w + (i - s) * row, acc2, NULL, NULL);
    VEC_UNROLL
    for (int i = 0; i < tile; i++) {
        vec_store(t->y + (q + i) * VEC_LANES, acc[i]);
        vec_store(t->y + t->yrow + (q + i) * VEC_LANES, acc2[i]);
    }
}

/* `count` tiles of one width, from output q on; a tile at the image's edge is done alone. */
VEC_INLINE void dw_tiles_run(bool pair, bool edge, int64_t tile, int64_t count, int kw, int s, const dw_row *t,
                             int64_t q)
{
    switch (tile) {
#define TILE(n)                                                                                                      \
    case n:                                                                                                          \
        for (; count > 0; count--, q += n) {                                                                         \
            pair ? dw_tile_pair(edge, n, s, t, q) : dw_tile_run(edge, n, kw, s, t, q);                               \
            if (edge)                                                                                                \
                break;                                                                                               \
        }                                                                                                            \
        break
        TILE(1);
        TILE(2);
        TILE(3);
        TILE(4);
        TILE(5);
        TILE(6);
        TILE(7);
        TILE(8);
#undef TILE
    default:
        break;
    }
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s1(const dw_row *t, int64_t tile, int64_t count,
                                                               int64_t q)
{
    dw_tiles_run(false, false, tile, count, 3, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s1_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(false, true, tile, count, 3, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s2(const dw_row *t, int64_t tile, int64_t count,
                                                               int64_t q)
{
    dw_tiles_run(false, false, tile, count, 3, 2, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_s2_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(false, true, tile, count, 3, 2, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s1(const dw_row *t, int64_t tile, int64_t count,
                                                               int64_t q)
{
    dw_tiles_run(false, false, tile, count, 5, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s1_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(false, true, tile, count, 5, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s2(const dw_row *t, int64_t tile, int64_t count,
                                                               int64_t q)
{
    dw_tiles_run(false, false, tile, count, 5, 2, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise5_s2_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(false, true, tile, count, 5, 2, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_pair_s1(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(true, false, tile, count, 3, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_pair_s1_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                         int64_t q)
{
    dw_tiles_run(true, true, tile, count, 3, 1, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_pair_s2(const dw_row *t, int64_t tile, int64_t count,
                                                                    int64_t q)
{
    dw_tiles_run(true, false, tile, count, 3, 2, t, q);
}

static __attribute__((noinline)) void conv2d_f32_depthwise3_pair_s2_edge(const dw_row *t, int64_t tile, int64_t count,
                                                                         int64_t q)
{
    dw_tiles_run(true, true, tile, count, 3, 2, t, q);
}

/* Any window: tap by tap. */
static __attribute__((noinline)) void conv2d_f32_depthwise_any(const dw_row *t, int64_t kw, int64_t stride,
                                                               int64_t dilation)
{
    for (int64_t i = 0; i < t->width; i++) {
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

/* Which functions do the rows: of windows 3 and 5 wide where at most half of a window lies beside the image. */
static void conv_depthwise_choose(conv_depthwise *d)
{
    static const dw_tiles single[2][2] = {{{conv2d_f32_depthwise3_s1, conv2d_f32_depthwise3_s1_edge},
                                           {conv2d_f32_depthwise3_s2, conv2d_f32_depthwise3_s2_edge}},
                                          {{conv2d_f32_depthwise5_s1, conv2d_f32_depthwise5_s1_edge},
                                           {conv2d_f32_depthwise5_s2, conv2d_f32_depthwise5_s2_edge}}};
    static const dw_tiles pair[2] = {{conv2d_f32_depthwise3_pair_s1, conv2d_f32_depthwise3_pair_s1_edge},
                                     {conv2d_f32_depthwise3_pair_s2, conv2d_f32_depthwise3_pair_s2_edge}};
    const cake_conv2d *op = &d->op;
    int64_t beyond = (op->ow - 1) * op->stride_w + op->kw - op->pad_l - op->iw;

    d->tiles = (op->ow + DW_TILE - 1) / DW_TILE;
    d->tile = op->ow / d->tiles;
    d->wider = op->ow % d->tiles;
    if (op->dil_w != 1 || (op->kw != 3 && op->kw != 5) || op->stride_w > 2 || op->pad_l > op->kw / 2 ||
        beyond > op->kw / 2)
        return;
    d->single = &single[op->kw == 5][op->stride_w - 1];
    if (DW_PAIRS && op->kw == 3 && op->kh == 3 && op->dil_h == 1 && op->stride_h == op->stride_w)
        d->pair = &pair[op->stride_w - 1];
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
    conv_depthwise_choose(d);
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

/* A row, or a pair, in tiles of nearly equal width. */
static void conv_depthwise_row(const conv_depthwise *d, const dw_tiles *run, const dw_row *t)
{
    int64_t first = d->tile + (d->wider > 0), wider = d->wider > 0 ? d->wider - 1 : 0, q = first;

    run->edge(t, first, 1, 0);
    if (d->tiles == 1)
        return;
    run->inner(t, d->tile + 1, wider, q);
    q += wider * (d->tile + 1);
    run->inner(t, d->tile, d->tiles - 2 - wider, q);
    run->edge(t, d->tile, 1, d->op.ow - d->tile);
}

/* Output rows p .. end-1 of a block of channels. x, y: the block's image. */
static void conv_depthwise_rows(const conv_depthwise *d, int64_t block, int64_t p, int64_t end, const float *x,
                                float *y)
{
    const cake_conv2d *op = &d->op;
    int64_t step = 1;

    for (; p < end; p += step) {
        int64_t h = p * op->stride_h - op->pad_t;
        dw_row t = {.x = x + h * d->x.row - op->pad_l * VEC_LANES,
                    .row = op->dil_h * d->x.row,
                    .kh1 = op->kh,
                    .low = op->pad_l,
                    .high = op->iw + op->pad_l,
                    .width = op->ow,
                    .w = d->w + block * op->kh * op->kw * VEC_LANES,
                    .bias = d->bias + block * VEC_LANES,
                    .y = y + p * d->y.row,
                    .yrow = d->y.row};

        step = 1;
        if (d->pair && p + 1 < end && h >= 0 && h + op->stride_h + 3 <= op->ih) {
            conv_depthwise_row(d, d->pair, &t);
            step = 2;
            continue;
        }
        while (t.kh0 < t.kh1 && h + t.kh0 * op->dil_h < 0)
            t.kh0++;
        while (t.kh1 > t.kh0 && h + (t.kh1 - 1) * op->dil_h >= op->ih)
            t.kh1--;
        if (d->single)
            conv_depthwise_row(d, d->single, &t);
        else
            conv2d_f32_depthwise_any(&t, op->kw, op->stride_w, op->dil_w);
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
        conv_depthwise_rows(d, block, rb * d->op.oh / d->row_blocks, (rb + 1) * d->op.oh / d->row_blocks,
                            x + n * d->x.image + block * d->x.block, y + n * d->y.image + block * d->y.block);
    }
}
