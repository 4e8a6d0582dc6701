/* c = a b + bias on one thread, with b packed once and a read where it lies.
 *
 * Include a vector header first. A row of a is read once for each panel, a vector's worth of it at a time; rows that
 * fall into the same sets of L1 (gemm_rows_collide) make that slow, and are copied by the caller. */
#ifndef LAYERCAKE_PLUGINS_COMMON_GEMM_IN_PLACE_INC_H
#define LAYERCAKE_PLUGINS_COMMON_GEMM_IN_PLACE_INC_H

#include "common/kernels/gemm_chunks.inc.h"

/* As many sets of accumulators as hide the FMA's latency, and as registers hold. */
VEC_INLINE int gemm_few_sets(int rows, int nv)
{
    return nv > GEMM_NV ? GEMM_FEW / rows : rows == 1 ? 4 : 2;
}

VEC_INLINE void gemm_few_rows(int rows, int nv, int64_t k, const float *a, int64_t lda, const float *b,
                              const gemm_tile_end *end)
{
    enum { FOUR = GEMM_FEW == 4 };

    if (rows == 1)
        gemm_tile(1, nv, gemm_few_sets(1, nv), k, a, lda, b, GEMM_NR, end);
    else if (rows == 2)
        gemm_tile(2, nv, gemm_few_sets(2, nv), k, a, lda, b, GEMM_NR, end);
    else if (FOUR && rows == 3)
        gemm_tile(FOUR ? 3 : 1, nv, gemm_few_sets(FOUR ? 3 : 1, nv), k, a, lda, b, GEMM_NR, end);
    else if (FOUR)
        gemm_tile(FOUR ? 4 : 1, nv, gemm_few_sets(FOUR ? 4 : 1, nv), k, a, lda, b, GEMM_NR, end);
}

/* A tile of 1 .. GEMM_FEW rows of unpacked a, lda apart, by one panel: bound by reading b. */
static __attribute__((noinline)) void gemm_f32_few(int rows, int64_t k, const float *a, int64_t lda, const float *b,
                                                   const gemm_tile_end *end)
{
    if (end->columns > VEC_LANES)
        gemm_few_rows(rows, GEMM_NV, k, a, lda, b, end);
    else
        gemm_few_rows(rows, 1, k, a, lda, b, end);
}

/* The same by two panels, one after the other in memory: two streams keep more of it on the way than one. */
static __attribute__((noinline)) void gemm_f32_few_beside(int rows, int64_t k, const float *a, int64_t lda,
                                                          const float *b, const gemm_tile_end *end)
{
    gemm_few_rows(rows, GEMM_BESIDE * GEMM_NV, k, a, lda, b, end);
}

/* A tile of `rows` rows of unpacked a, 1 .. GEMM_MR, by one panel. */
static inline void gemm_f32_whole(int rows, int64_t k, const float *a, int64_t lda, const float *b,
                                  const gemm_tile_end *end)
{
    const gemm_chunk whole = {.depth = k};
    const gemm_left left = {.chunk = &whole, .end = &whole + 1, .lda = lda};
    const gemm_right right = gemm_right_of(b, 0, end->columns < GEMM_NR ? end->columns : GEMM_NR);

    if (rows <= GEMM_FEW)
        gemm_f32_few(rows, k, a, lda, b, end);
    else
        gemm_f32_chunks(rows, GEMM_INNER, &left, a, &right, end);
}

/* Rows of unpacked a by one panel, in tiles of nearly equal height. Meanwhile `next`, a panel of as much depth, comes
 * into the caches (gemm_fetch_next). */
static inline void gemm_panel(int64_t rows, int64_t k, const float *a, int64_t lda, const float *b, const float *next,
                              gemm_tile_end end)
{
    int64_t tiles = (rows + GEMM_MR - 1) / GEMM_MR;

    for (int64_t t = 0; t < tiles; t++) {
        int height = (int)((rows + tiles - t - 1) / (tiles - t));
        end.fetch = gemm_fetch_next(next, t, k);
        gemm_f32_whole(height, k, a, lda, b, &end);
        rows -= height;
        a += height * lda;
        end.c += height * end.ldc;
        if (end.add)
            end.add += height * end.ldadd;
    }
}

/* A product with packed b. */
typedef struct gemm {
    const float *a; /* [m][k], rows lda apart */
    int64_t lda;
    const float *b;   /* packed by gemm_pack_b, 64-byte aligned */
    int64_t k, kc, n; /* kc: b's block of k */
    float *c;         /* [m][n], rows ldc apart */
    int64_t ldc;
    const float *bias; /* [n] or NULL; not with accumulate */
    int accumulate;    /* add to what c holds */
    const float *then; /* panels of a block of k, as many, that the product after this one begins with; or NULL */
} gemm;

/* What tile `number` of `tiles` x `panels` fetches of the panels that come next, a half of one: each tile its turn, so
 * that memory is not waited for by the first tiles and idle for the others. */
static inline const float *gemm_share(const float *next, int64_t number, int64_t tiles, int64_t depth)
{
    int64_t half = number * 2 / tiles;

    return next && number * 2 % tiles < 2 ? next + half * depth * GEMM_LINE : NULL;
}

/* Panel p of the block of k that begins at k0. */
static inline const float *gemm_b_panel(const gemm *g, int64_t k0, int64_t p)
{
    int64_t depth = g->k - k0 < g->kc ? g->k - k0 : g->kc;

    return g->b + (k0 * gemm_panels(g->n) + p * depth) * GEMM_NR;
}

/* Compute rows m0 .. m1-1 of the columns of panels p0 .. p1-1. Rows are cut into tiles of nearly equal height. Within
 * a block of k, b's panels are used again for each tile of rows: keep (p1 - p0) GEMM_NR kc floats well inside L2. */
static inline void gemm_compute(const gemm *g, int64_t m0, int64_t m1, int64_t p0, int64_t p1)
{
    int64_t tiles = (m1 - m0 + GEMM_MR - 1) / GEMM_MR;

    for (int64_t k0 = 0; k0 < g->k; k0 += g->kc) {
        int64_t row = m0, left = g->k - k0, depth = left < g->kc ? left : g->kc;
        const float *next = left > depth ? gemm_b_panel(g, k0 + depth, p0) : g->then;
        for (int64_t t = 0; t < tiles; t++) {
            int rows = (int)((m1 - row + tiles - t - 1) / (tiles - t));
            const float *a = g->a + row * g->lda + k0;
            for (int64_t p = p0, beside; p < p1; p += beside) {
                int64_t column = p * GEMM_NR;
                float *c = g->c + row * g->ldc + column;
                const float *b = gemm_b_panel(g, k0, p);
                gemm_tile_end end = {.c = c, .ldc = g->ldc, .step = VEC_LANES, .columns = g->n - column};
                end.addstep = VEC_LANES;
                if (g->accumulate || k0 > 0)
                    end.add = c, end.ldadd = g->ldc;
                else
                    end.add = g->bias ? g->bias + column : NULL;
                end.fetch = gemm_share(next, t * (p1 - p0) + p - p0, tiles, depth);
                beside = rows <= GEMM_FEW && p + GEMM_BESIDE <= p1 ? GEMM_BESIDE : 1;
                if (beside > 1)
                    gemm_f32_few_beside(rows, depth, a, g->lda, b, &end);
                else
                    gemm_f32_whole(rows, depth, a, g->lda, b, &end);
            }
            row += rows;
        }
    }
}

#endif
