/* pool2d with a channel in each lane: blocked layouts and nhwc. One phase; an item is a row of the output, of a
 * block of channels (blocked) or of all (nhwc).
 *
 * Floor: x read once and y written once; in L1, kh kw loads an output. Windows of 2 or 3 columns slide: each column
 * is reduced over its kh rows once and kept in a register while windows share it, so that an output costs kh stride
 * loads. Sums are of a window's own values: nothing is added to be subtracted again. A mean is the sum times
 * the reciprocal of the count, with the quotient's rounding error put right by one more step of Newton's. */
#include "common/kernels/pool2d.inc.h"

enum { POOL2D_PAIRS = 64 }; /* windows of a row that is short */

typedef struct pool2d_lanes {
    const cake_host *host;
    cake_pool2d op;
    int64_t blocks;                 /* of channels, in an image of x: items of a row; nhwc: 1 */
    int64_t pixel, vectors;         /* floats from pixel to pixel, vectors of a pixel that an item covers */
    int64_t inner_begin, inner_end; /* output columns whose window lies inside the image */
    bool whole;                     /* blocked, and the one window is the image */
    bool pairs;                     /* blocked, short rows of 2 x 2 windows side by side */
} pool2d_lanes;

static int32_t pool2d_lanes_open(const cake_problem *problem, const cake_tensor *const *constants,
                                 const cake_host *host, void **ctx)
{
    const cake_pool2d *p = problem->params;
    int64_t vectors = (p->c + VEC_LANES - 1) / VEC_LANES, width = (p->kw - 1) * p->dil_w + 1;
    pool2d_lanes *l = host->alloc(host, sizeof *l, 64);

    (void)constants;
    if (!l)
        return CAKE_NO_MEMORY;
    *l = (pool2d_lanes){.host = host, .op = *p, .blocks = 1, .pixel = p->c, .vectors = vectors};
    if (problem->layout != CAKE_NHWC)
        l->blocks = vectors, l->pixel = VEC_LANES, l->vectors = 1;
    l->inner_begin = (p->pad_l + p->stride_w - 1) / p->stride_w;
    l->inner_end = p->iw + p->pad_l >= width ? (p->iw + p->pad_l - width) / p->stride_w + 1 : 0;
    l->inner_begin = l->inner_begin < p->ow ? l->inner_begin : p->ow;
    l->inner_end = l->inner_end < p->ow ? l->inner_end : p->ow;
    l->inner_end = l->inner_end > l->inner_begin ? l->inner_end : l->inner_begin;
    l->whole = problem->layout != CAKE_NHWC && pool2d_is_whole(p);
    l->pairs = problem->layout != CAKE_NHWC && pool2d_is_pairs(p) && p->ow <= POOL2D_PAIRS;
    *ctx = l;
    return CAKE_DONE;
}

static int64_t pool2d_lanes_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t pool2d_lanes_items(const void *ctx, int64_t phase)
{
    const pool2d_lanes *l = ctx;

    (void)phase;
    return l->op.n * l->blocks * l->op.oh;
}

/* The rows of the windows of an output row, at one vector of channels. */
typedef struct pool2d_rows {
    const float *x;     /* the first row inside the image, column 0 */
    int64_t rows, down; /* how many, and floats from one to the next */
    int64_t pixel;
    vmask mask;    /* of the channels that there are */
    float counted; /* rows that a mean counts */
} pool2d_rows;

/* `masked`: the last vector of nhwc's pixels. */
VEC_INLINE vec pool2d_load(int masked, const pool2d_rows *w, const float *x)
{
    return masked ? vec_load_mask(x, w->mask) : vec_load(x);
}

VEC_INLINE void pool2d_put(int avg, int masked, const pool2d_rows *w, float *y, vec v, vec count, vec reciprocal)
{
    if (avg) {
        vec quotient = vec_mul(v, reciprocal);
        v = vec_fma(vec_fnma(quotient, count, v), reciprocal, quotient);
    }
    if (masked)
        vec_store_mask(y, v, w->mask);
    else
        vec_store(y, v);
}

/* Any one window: columns span->begin .. span->end - 1. */
VEC_INLINE vec pool2d_one(int avg, int masked, const pool2d_lanes *l, const pool2d_rows *w, const pool2d_span *span)
{
    enum { SETS = 4, AHEAD = 8 * SETS };
    int64_t columns = span->end - span->begin, step = l->op.dil_w * w->pixel;
    int64_t rows = w->rows;
    const float *row = w->x + span->first * w->pixel;
    vec sum[SETS];

    if (w->down == columns * step) /* as wide as the image: one run */
        columns *= rows, rows = 1;
    VEC_UNROLL
    for (int k = 0; k < SETS; k++)
        sum[k] = pool2d_start(avg);
    for (int64_t r = 0; r < rows; r++, row += w->down) {
        const float *x = row;
        int64_t s = 0;
        for (; s + SETS <= columns; s += SETS, x += SETS * step) {
            VEC_UNROLL
            for (int k = 0; k < SETS; k++) {
                __builtin_prefetch(x + (k + AHEAD) * step);
                sum[k] = pool2d_join(avg, sum[k], pool2d_load(masked, w, x + k * step));
            }
        }
        for (; s < columns; s++, x += step)
            sum[0] = pool2d_join(avg, sum[0], pool2d_load(masked, w, x));
    }
    return pool2d_join(avg, pool2d_join(avg, sum[0], sum[1]), pool2d_join(avg, sum[2], sum[3]));
}

/* A column over the rows; `rows` constant where it can be. */
VEC_INLINE vec pool2d_column(int avg, int masked, const pool2d_rows *w, int64_t rows, const float *x)
{
    vec v = pool2d_load(masked, w, x);

    for (int64_t r = 1; r < rows; r++)
        v = pool2d_join(avg, v, pool2d_load(masked, w, x + r * w->down));
    return v;
}

/* Windows of kw columns (2 or 3), `stride` (1 or 2) apart, all inside the image: the columns that neighbours share
 * stay in registers. x at the first window's first column. */
VEC_INLINE void pool2d_slide(int avg, int masked, int kw, int stride, int64_t rows, const pool2d_rows *w,
                             const float *x, float *y, int64_t count)
{
    vec divisor = vec_set1(w->counted * (float)kw), reciprocal = vec_div(vec_set1(1.0F), divisor);
    int kept = kw - stride;
    vec column[3] = {vec_zero(), vec_zero(), vec_zero()};

    VEC_UNROLL
    for (int k = 0; k < kept; k++)
        column[k] = pool2d_column(avg, masked, w, rows, x + k * w->pixel);
    for (; count > 0; count--, x += stride * w->pixel, y += w->pixel) {
        vec v;
        VEC_UNROLL
        for (int k = kept; k < kw; k++)
            column[k] = pool2d_column(avg, masked, w, rows, x + k * w->pixel);
        v = pool2d_join(avg, column[0], column[1]);
        if (kw == 3)
            v = pool2d_join(avg, v, column[2]);
        pool2d_put(avg, masked, w, y, v, divisor, reciprocal);
        VEC_UNROLL
        for (int k = 0; k < kept; k++)
            column[k] = column[k + stride];
    }
}

VEC_INLINE int pool2d_slides(int avg, int masked, const pool2d_lanes *l, const pool2d_rows *w, const float *x,
                             float *y, int64_t count)
{
    int64_t kw = l->op.kw, stride = l->op.stride_w, rows = w->rows;

    if (masked || l->op.dil_w != 1) /* a pixel's last channels are too few to be worth code of their own */
        return 0;
    if (kw == 2 && stride == 2 && rows == 2)
        pool2d_slide(avg, masked, 2, 2, 2, w, x, y, count);
    else if (kw == 2 && stride == 2)
        pool2d_slide(avg, masked, 2, 2, rows, w, x, y, count);
    else if (kw == 3 && stride == 2 && rows == 3)
        pool2d_slide(avg, masked, 3, 2, 3, w, x, y, count);
    else if (kw == 3 && stride == 2)
        pool2d_slide(avg, masked, 3, 2, rows, w, x, y, count);
    else if (kw == 3 && stride == 1 && rows == 3)
        pool2d_slide(avg, masked, 3, 1, 3, w, x, y, count);
    else if (kw == 3 && stride == 1)
        pool2d_slide(avg, masked, 3, 1, rows, w, x, y, count);
    else
        return 0;
    return 1;
}

/* A window of few rows and columns, without dilation. */
VEC_INLINE vec pool2d_few(int avg, int masked, const pool2d_rows *w, const pool2d_span *span)
{
    const float *x = w->x + span->first * w->pixel;
    vec v = pool2d_column(avg, masked, w, w->rows, x);

    for (int64_t k = span->begin + 1; k < span->end; k++)
        v = pool2d_join(avg, v, pool2d_column(avg, masked, w, w->rows, x += w->pixel));
    return v;
}

/* One row of the output at one vector of channels. */
VEC_INLINE void pool2d_row(int avg, int masked, const pool2d_lanes *l, const pool2d_rows *w, float *y)
{
    const cake_pool2d *p = &l->op;
    int64_t inner = l->inner_end - l->inner_begin, q = 0;

    while (q < p->ow) {
        pool2d_span span = pool2d_window(q, p->stride_w, p->pad_l, p->pad_r, p->dil_w, p->kw, p->iw, p->count_pad);
        bool few = p->kw <= 3 && p->dil_w == 1 && span.end > span.begin && w->rows > 0 && w->rows <= 3;
        vec divisor, sum;
        if (q == l->inner_begin && inner > 0 &&
            pool2d_slides(avg, masked, l, w, w->x + span.first * w->pixel, y + q * w->pixel, inner)) {
            q += inner;
            continue;
        }
        divisor = vec_set1(w->counted * (float)span.counted);
        sum = few ? pool2d_few(avg, masked, w, &span) : pool2d_one(avg, masked, l, w, &span);
        pool2d_put(avg, masked, w, y + q * w->pixel, sum, divisor, vec_div(vec_set1(1.0F), divisor));
        q++;
    }
}

/* One window that is the whole image, of images begin .. end-1 of a block of channels. */
VEC_INLINE void pool2d_whole(int avg, const pool2d_lanes *l, const float *x, float *y, int64_t begin, int64_t end)
{
    int64_t image = l->op.ih * l->op.iw * VEC_LANES;
    pool2d_rows w = {.rows = l->op.ih, .down = l->op.iw * VEC_LANES, .pixel = VEC_LANES};
    pool2d_span columns = {.end = l->op.iw};
    vec divisor = vec_set1((float)(l->op.ih * l->op.iw)), reciprocal = vec_div(vec_set1(1.0F), divisor);

    for (int64_t i = begin; i < end; i++) {
        w.x = x + i * image;
        pool2d_put(avg, 0, &w, y + i * VEC_LANES, pool2d_one(avg, 0, l, &w, &columns), divisor, reciprocal);
    }
}

/* Windows of 2 x 2 side by side, of output rows begin .. end-1. A row of x after the other, as they lie in memory: what
 * fetches ahead of a stream follows that, and not two short rows in turn. */
VEC_INLINE void pool2d_pairs(int avg, const pool2d_lanes *l, const float *x, float *y, int64_t begin, int64_t end)
{
    enum { PAIR = 2 * VEC_LANES };
    const int64_t oh = l->op.oh, ow = l->op.ow, down = l->op.iw * VEC_LANES;
    _Alignas(64) float above[POOL2D_PAIRS * VEC_LANES];
    vec quarter = vec_set1(0.25F);

    x += (begin / oh * l->op.ih + begin % oh * 2) * down, y += begin * ow * VEC_LANES;
    for (int64_t item = begin, row = begin % oh; item < end; item++, x += 2 * down) {
        const float *from = x;
        for (int64_t q = 0; q < ow; q++, from += PAIR)
            vec_store(above + q * VEC_LANES, pool2d_join(avg, vec_load(from), vec_load(from + VEC_LANES)));
        from = x + down;
        for (int64_t q = 0; q < ow; q++, from += PAIR, y += VEC_LANES) {
            vec v = pool2d_join(avg, vec_load(from), vec_load(from + VEC_LANES));
            v = pool2d_join(avg, vec_load(above + q * VEC_LANES), v);
            vec_store(y, avg ? vec_mul(v, quarter) : v);
        }
        if (++row == oh)
            row = 0, x += (l->op.ih - 2 * oh) * down;
    }
}

static void pool2d_lanes_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                              int64_t phase, int64_t begin, int64_t end, int thread)
{
    const pool2d_lanes *l = ctx;
    const cake_pool2d *p = &l->op;

    (void)phase;
    (void)thread;
    if (l->whole && p->kind == CAKE_POOL_AVG) {
        pool2d_whole(1, l, inputs[0]->data, outputs[0]->data, begin, end);
        return;
    }
    if (l->whole) {
        pool2d_whole(0, l, inputs[0]->data, outputs[0]->data, begin, end);
        return;
    }
    if (l->pairs && p->kind == CAKE_POOL_AVG) {
        pool2d_pairs(1, l, inputs[0]->data, outputs[0]->data, begin, end);
        return;
    }
    if (l->pairs) {
        pool2d_pairs(0, l, inputs[0]->data, outputs[0]->data, begin, end);
        return;
    }
    for (int64_t item = begin, plane = begin / p->oh, row = begin % p->oh; item < end; item++) {
        pool2d_span rows = pool2d_window(row, p->stride_h, p->pad_t, p->pad_b, p->dil_h, p->kh, p->ih, p->count_pad);
        const float *x = (const float *)inputs[0]->data + (plane * p->ih + rows.first) * p->iw * l->pixel;
        float *y = (float *)outputs[0]->data + item * p->ow * l->pixel;
        pool2d_rows w = {.rows = rows.end - rows.begin,
                         .down = p->dil_h * p->iw * l->pixel,
                         .pixel = l->pixel,
                         .counted = (float)rows.counted};
        for (int64_t v = 0; v < l->vectors; v++) {
            int64_t left = l->pixel - v * VEC_LANES;
            w.x = x + v * VEC_LANES;
            w.mask = vec_mask(left < VEC_LANES ? (int)left : VEC_LANES);
            if (left < VEC_LANES) {
                if (p->kind == CAKE_POOL_AVG)
                    pool2d_row(1, 1, l, &w, y + v * VEC_LANES);
                else
                    pool2d_row(0, 1, l, &w, y + v * VEC_LANES);
            } else {
                if (p->kind == CAKE_POOL_AVG)
                    pool2d_row(1, 0, l, &w, y + v * VEC_LANES);
                else
                    pool2d_row(0, 0, l, &w, y + v * VEC_LANES);
            }
        }
        if (++row == p->oh)
            row = 0, plane++;
    }
}

static void pool2d_lanes_close(void *ctx)
{
    pool2d_lanes *l = ctx;

    l->host->free(l->host, l);
}
