/* conv2d 3x3 of stride 1 by Winograd's F(2x2, 3x3) and F(4x4, 3x3): per tile of m x m outputs (m+2)^2 products
 * instead of 9 m^2, thus 2.25 and 4 times fewer, as (m+2)^2 products of matrices [tiles][ic] [ic][oc].
 *
 * Layout: blocked by VEC_LANES channels. Weights are transformed and packed in open. A block of tiles is transformed
 * into v [point][block of ic][tile][lanes], multiplied into p [point][block of oc][tile][lanes], and transformed
 * back. With enough blocks for all threads each does its blocks alone, v and p staying in its L2 (one phase); else
 * all share one block, and the three steps are phases.
 *
 * Floor of a tile: (m+2)^2 ic oc / VEC_LANES FMAs, 36 ic / VEC_LANES transforms of about 200 instructions in and
 * oc / VEC_LANES out: at 64 channels the transforms cost a fifth of the products, at 512 a fortieth. */
#include "common/kernels/conv2d_image.inc.h"
#include "common/kernels/gemm_chunks.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/winograd_transform.inc.h"
#include "common/kernels/workspace.h"

enum {
    WINOGRAD_MIN_TILES = 2 * GEMM_MR * (GEMM_MR > 6 ? 1 : 2), /* of a block: each weight is used so often */
    WINOGRAD_DEEP = 256                                       /* channels in whose panels are fetched one ahead */
};

typedef struct conv_winograd {
    const cake_host *host;
    cake_conv2d op;
    conv_image x, y;
    int m, points;
    int64_t tiles_h, tiles_w, tiles; /* of an image's columns, rows; of all images */
    int64_t icb, ocb, panels;
    int64_t block;            /* tiles of a block at most */
    int64_t blocks;           /* fused: items; else 1 */
    int64_t v_point, p_point; /* distance of points in v and p, in floats */
    int64_t u_point;          /* floats of a point's packed weights */
    float *u, *bias, *work;   /* work: v then p, for each thread or (not fused) shared */
    gemm_chunk *chunks;       /* of v: icb of them */
    bool fused;
    bool far; /* u does not stay in L2 */
} conv_winograd;

static void conv_winograd_close(void *ctx)
{
    conv_winograd *c = ctx;
    const cake_host *host = c->host;

    workspace_free(host, c->u);
    workspace_free(host, c->bias);
    workspace_free(host, c->work);
    workspace_free(host, c->chunks);
    host->free(host, c);
}

/* Transform the weights [oc][ic][3][3], a point after the other, packed as right matrices [ic][oc]. */
static void conv_winograd_pack(conv_winograd *c, const float *w, const float *bias)
{
    int64_t depth = c->icb * VEC_LANES;

    for (int64_t o = 0; o < c->op.oc; o++)
        for (int64_t i = 0; i < c->op.ic; i++) {
            double u[WINOGRAD_POINTS];
            winograd_filter(c->m, w + (o * c->op.ic + i) * 9, u);
            for (int k = 0; k < c->points; k++)
                c->u[k * c->u_point + (o / GEMM_NR * depth + i) * GEMM_NR + o % GEMM_NR] = (float)u[k];
        }
    for (int64_t o = 0; bias && o < c->op.oc; o++)
        c->bias[o] = bias[o];
}

/* How many tiles a block has: as many as half of L2 holds v and p of, at least WINOGRAD_MIN_TILES or a little less, so
 * that all threads do equally many equal blocks. Weights that would come from memory for each block are read once
 * instead, for all tiles. */
static void conv_winograd_cut(conv_winograd *c, const cake_host *host, int threads)
{
    int64_t l2 = host->l2_bytes > 0 ? host->l2_bytes : 1 << 20;
    int64_t tile_bytes = c->points * (c->icb + c->ocb) * VEC_LANES * (int64_t)sizeof(float);
    int64_t fit = l2 / 2 / tile_bytes / GEMM_MR * GEMM_MR, u_bytes = c->points * c->u_point * (int64_t)sizeof(float);

    c->far = u_bytes > l2;
    if (fit < WINOGRAD_MIN_TILES)
        fit = WINOGRAD_MIN_TILES;
    c->blocks = (c->tiles + fit - 1) / fit;
    if (u_bytes > host->l3_bytes / 2 && host->l3_bytes > 0)
        c->blocks = 1;
    c->fused = threads == 1 || c->blocks >= 3 * (int64_t)threads;
    c->blocks = c->fused ? (c->blocks + threads - 1) / threads * threads : 1;
    c->block = (c->tiles + c->blocks - 1) / c->blocks;
}

static int32_t conv_winograd_open(int m, const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    const cake_conv2d *op = problem->params;
    conv_winograd *c = host->alloc(host, sizeof *c, 64);

    if (!c)
        return CAKE_NO_MEMORY;
    c->host = host;
    c->op = *op;
    c->x = conv_image_of(problem->inputs[0]);
    c->y = conv_image_of(problem->outputs[0]);
    c->m = m;
    c->points = (m + 2) * (m + 2);
    c->tiles_h = (op->oh + m - 1) / m;
    c->tiles_w = (op->ow + m - 1) / m;
    c->tiles = op->n * c->tiles_h * c->tiles_w;
    c->icb = (op->ic + VEC_LANES - 1) / VEC_LANES;
    c->ocb = (op->oc + VEC_LANES - 1) / VEC_LANES;
    c->panels = gemm_panels(op->oc);
    c->u_point = gemm_b_floats(c->icb * VEC_LANES, op->oc);
    conv_winograd_cut(c, host, problem->threads);
    /* One vector more than needed, so that the points of a tile do not all fall into one set of L1. */
    c->v_point = (c->icb * c->block + 1) * VEC_LANES;
    c->p_point = (c->ocb * c->block + 1) * VEC_LANES;
    c->u = workspace_floats(host, c->points * c->u_point);
    c->bias = workspace_floats(host, c->panels * GEMM_NR);
    c->work = workspace_floats(host, (c->fused ? problem->threads : 1) * c->points * (c->v_point + c->p_point));
    c->chunks = host->alloc(host, (uint64_t)c->icb * sizeof *c->chunks, 64);
    if (!c->u || !c->bias || !c->work || !c->chunks) {
        conv_winograd_close(c);
        return CAKE_NO_MEMORY;
    }
    for (int64_t i = 0; i < c->icb; i++)
        c->chunks[i] = (gemm_chunk){.a = i * c->block * VEC_LANES, .b = i * VEC_LANES * GEMM_NR, .depth = VEC_LANES};
    conv_winograd_pack(c, constants[0]->data, op->bias ? constants[1]->data : NULL);
    *ctx = c;
    return CAKE_DONE;
}

static int32_t conv_winograd2_open(const cake_problem *problem, const cake_tensor *const *constants,
                                   const cake_host *host, void **ctx)
{
    return conv_winograd_open(2, problem, constants, host, ctx);
}

static int32_t conv_winograd4_open(const cake_problem *problem, const cake_tensor *const *constants,
                                   const cake_host *host, void **ctx)
{
    return conv_winograd_open(4, problem, constants, host, ctx);
}

/* Where a tile lies: its image, and its first output's row and column. */
typedef struct winograd_place {
    int64_t n, h, w;
} winograd_place;

static inline winograd_place conv_winograd_place(const conv_winograd *c, int64_t tile)
{
    int64_t column = tile % c->tiles_w, rest = tile / c->tiles_w;

    return (winograd_place){.n = rest / c->tiles_h, .h = rest % c->tiles_h * c->m, .w = column * c->m};
}

/* To the next tile. */
static inline void conv_winograd_step(const conv_winograd *c, winograd_place *at)
{
    if ((at->w += c->m) < c->op.ow)
        return;
    at->w = 0;
    if ((at->h += c->m) < c->op.oh)
        return;
    at->h = 0;
    at->n++;
}

static VEC_NOINLINE void winograd_in(int m, const float *const *line, float *v, int64_t step)
{
    if (m == 2)
        winograd_tile_in(2, line, v, step);
    else
        winograd_tile_in(4, line, v, step);
}

static VEC_NOINLINE void winograd_out(int m, const float *p, int64_t step, vec bias, float *y, int64_t row)
{
    if (m == 2)
        winograd_tile_out(2, p, step, bias, y, row);
    else
        winograd_tile_out(4, p, step, bias, y, row);
}

/* Where the rows of the tile of inputs at (h, w) lie, whose channels' block begins at `from`: in the image; in `zeros`
 * those above and below it; in d, which holds a tile, copies if the tile reaches beside it. */
static inline void conv_winograd_lines(const conv_winograd *c, const float *from, int64_t h, int64_t w, float *d,
                                       const float **line)
{
    _Alignas(64) static const float zeros[WINOGRAD_EDGE * VEC_LANES];
    int64_t edge = c->m + 2, left = w < 0 ? -w : 0, right = c->op.iw - w < edge ? c->op.iw - w : edge;

    for (int64_t i = 0; i < edge; i++, d += WINOGRAD_EDGE * VEC_LANES) {
        const float *row;
        line[i] = zeros;
        if (h + i < 0 || h + i >= c->op.ih)
            continue;
        row = from + (h + i) * c->x.row;
        if (left == 0 && right == edge) {
            line[i] = row + w * VEC_LANES;
            continue;
        }
        line[i] = d;
        for (int64_t j = 0; j < edge; j++)
            vec_store(d + j * VEC_LANES, j >= left && j < right ? vec_load(row + (w + j) * VEC_LANES) : vec_zero());
    }
}

/* Transform block b of the channels of tiles `first + t` .. `first + end - 1` into places t .. end-1 of v. One block of
 * channels after the other, so that a row of tiles reads rows of the image from left to right. */
static void conv_winograd_tiles_in(const conv_winograd *c, const float *x, int64_t first, int64_t t, int64_t end,
                                   int64_t b, float *v)
{
    winograd_place at = conv_winograd_place(c, first + t);
    _Alignas(64) float d[WINOGRAD_POINTS * VEC_LANES];
    const float *line[WINOGRAD_EDGE];

    for (; t < end; t++, conv_winograd_step(c, &at)) {
        const float *from = x + at.n * c->x.image + b * c->x.block;
        conv_winograd_lines(c, from, at.h - c->op.pad_t, at.w - c->op.pad_l, d, line);
        winograd_in(c->m, line, v + (b * c->block + t) * VEC_LANES, c->v_point);
    }
}

/* Transform places t .. end-1 of block b of p to tiles `first + t` .. `first + end - 1` of the output. */
static void conv_winograd_tiles_out(const conv_winograd *c, const float *p, int64_t first, int64_t t, int64_t end,
                                    int64_t b, float *y)
{
    winograd_place at = conv_winograd_place(c, first + t);
    vec bias = vec_load(c->bias + b * VEC_LANES);

    for (; t < end; t++, conv_winograd_step(c, &at)) {
        int64_t rows = c->op.oh - at.h < c->m ? c->op.oh - at.h : c->m;
        int64_t columns = c->op.ow - at.w < c->m ? c->op.ow - at.w : c->m;
        const float *from = p + (b * c->block + t) * VEC_LANES;
        float *to = y + at.n * c->y.image + b * c->y.block + at.h * c->y.row + at.w * c->y.pixel;
        if (rows == c->m && columns == c->m) {
            winograd_out(c->m, from, c->p_point, bias, to, c->y.row);
        } else {
            float d[16 * VEC_LANES];
            winograd_out(c->m, from, c->p_point, bias, d, c->m * VEC_LANES);
            for (int64_t i = 0; i < rows; i++)
                for (int64_t j = 0; j < columns; j++)
                    vec_store(to + i * c->y.row + j * c->y.pixel, vec_load(d + (i * c->m + j) * VEC_LANES));
        }
    }
}

/* Multiply `tiles` tiles of a point with panels p0 .. p1-1. Of weights beyond L2 the first tile of rows fetches its own
 * panel ahead; or, where that would leave it waiting, each of the first ones some lines of the next panel, which follows
 * in memory. */
static void conv_winograd_product(const conv_winograd *c, int64_t point, int64_t p0, int64_t p1, int64_t tiles,
                                  const float *v, float *p)
{
    int64_t steps = (tiles + GEMM_MR - 1) / GEMM_MR, depth = c->icb * VEC_LANES;
    bool deep = c->far && depth >= WINOGRAD_DEEP;
    const gemm_left left = {.chunk = c->chunks, .end = c->chunks + c->icb, .lda = VEC_LANES};

    v += point * c->v_point;
    p += point * c->p_point;
    for (int64_t panel = p0; panel < p1; panel++) {
        const float *u = c->u + point * c->u_point + panel * depth * GEMM_NR, *next = u + depth * GEMM_NR;
        int64_t t = 0, vectors = c->ocb - panel * GEMM_NV;
        gemm_right right = gemm_right_of(u, 0, (vectors < GEMM_NV ? vectors : GEMM_NV) * VEC_LANES);
        for (int64_t s = 0; s < steps; s++) {
            int rows = (int)((tiles - t + steps - s - 1) / (steps - s));
            gemm_tile_end end = {.c = p + (panel * GEMM_NV * c->block + t) * VEC_LANES,
                                 .ldc = VEC_LANES,
                                 .step = c->block * VEC_LANES,
                                 .columns = vectors * VEC_LANES,
                                 .fetch = gemm_fetch_next(deep ? next : NULL, s, depth)};
            gemm_f32_chunks(rows, c->far && s == 0 ? GEMM_AHEAD : GEMM_INNER, &left, v + t * VEC_LANES, &right, &end);
            t += rows;
        }
    }
}

static int64_t conv_winograd_phases(const void *ctx)
{
    const conv_winograd *c = ctx;

    return c->fused ? 1 : 3;
}

static int64_t conv_winograd_items(const void *ctx, int64_t phase)
{
    const conv_winograd *c = ctx;

    if (c->fused)
        return c->blocks;
    switch (phase) {
    case 0:
        return c->icb * (c->tiles / c->tiles_w);
    case 1:
        return c->points * c->panels;
    default:
        return c->ocb * (c->tiles / c->tiles_w);
    }
}

/* All of one block of tiles. */
static void conv_winograd_block(const conv_winograd *c, const float *x, float *y, int64_t block, float *v, float *p)
{
    int64_t first = block * c->tiles / c->blocks, tiles = (block + 1) * c->tiles / c->blocks - first;

    for (int64_t b = 0; b < c->icb; b++)
        conv_winograd_tiles_in(c, x, first, 0, tiles, b, v);
    for (int64_t point = 0; point < c->points; point++)
        conv_winograd_product(c, point, 0, c->panels, tiles, v, p);
    for (int64_t b = 0; b < c->ocb; b++)
        conv_winograd_tiles_out(c, p, first, 0, tiles, b, y);
}

static void conv_winograd_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                               int64_t phase, int64_t begin, int64_t end, int thread)
{
    const conv_winograd *c = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data, *v = c->work, *p;
    int64_t tile_rows = c->tiles / c->tiles_w;

    if (c->fused)
        v += thread * c->points * (c->v_point + c->p_point);
    p = v + c->points * c->v_point;
    for (int64_t item = begin; item < end; item++) {
        if (c->fused) {
            conv_winograd_block(c, x, y, item, v, p);
        } else if (phase == 1) {
            int64_t panel = item % c->panels;
            conv_winograd_product(c, item / c->panels, panel, panel + 1, c->tiles, v, p);
        } else {
            int64_t b = item / tile_rows, t = item % tile_rows * c->tiles_w;
            if (phase == 0)
                conv_winograd_tiles_in(c, x, 0, t, t + c->tiles_w, b, v);
            else
                conv_winograd_tiles_out(c, p, 0, t, t + c->tiles_w, b, y);
        }
    }
}
