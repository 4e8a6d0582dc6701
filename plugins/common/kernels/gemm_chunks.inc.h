/* The product's tile over an unpacked left matrix: a's rows (pixels, or tiles of them) lie lda floats apart, and a
 * row's k values in chunks of neighbours, each chunk anywhere. b is packed as in gemm.inc.h.
 *
 * The same floor as gemm_tile; a chunk costs a few instructions beside its depth * GEMM_MR * GEMM_NV FMAs. Every
 * third row has a pointer of its own, the two between are reached by x86's scaled index, so that 14 rows take six
 * registers.
 *
 * A tile that meets its memory for the first time may fetch ahead: the rows of the tile that follows it lda apart,
 * and b further on. Or any tile fetches something else, as the panel that comes next (end->fetch). Where what follows
 * is in L1 and L2 already this would only cost. */
#ifndef LAYERCAKE_PLUGINS_COMMON_GEMM_CHUNKS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_GEMM_CHUNKS_INC_H

#include "common/kernels/gemm.inc.h"

/* Rows of a tile that a chunk has no values for. */
typedef enum gemm_out { GEMM_NONE_OUT, GEMM_FIRST_OUT, GEMM_LAST_OUT } gemm_out;

typedef struct gemm_chunk {
    int64_t a, b;  /* where its first value of row 0, its first row of the panel lie: floats from a and b */
    int64_t depth; /* k values, 1 or more */
    gemm_out out;  /* heeded in tiles of GEMM_EDGE and GEMM_AHEAD, of 2 rows or more */
} gemm_chunk;

/* What a tile is prepared for: every row in every chunk; rows out; rows out, and memory that it meets first; every row
 * in every chunk, and something else to fetch (said by end->fetch, not by the caller). */
typedef enum gemm_kind { GEMM_INNER, GEMM_EDGE, GEMM_AHEAD, GEMM_FETCH } gemm_kind;

/* How a tile's rows of a lie. */
typedef struct gemm_left {
    const gemm_chunk *chunk, *end;
    int64_t lda;
} gemm_left;

/* The panels of b that a tile is multiplied with: `panels`, `step` floats apart, and one of a vector at most. */
typedef struct gemm_right {
    const float *b;
    int64_t step, panels;
    bool narrow;
} gemm_right;

enum { GEMM_ROWS_AHEAD = 64 }; /* of b */

/* p + 1. The compiler shall not make it from an index that all rows share: that takes more registers than there are. */
static inline const float *gemm_next(const float *p)
{
    p++;
    __asm__("" : "+r"(p));
    return p;
}

/* Add the rows' next values times a row of the panel. */
VEC_INLINE void gemm_chunks_step(int mr, int nv, vec *acc, const float *const *row, int64_t lda, const float *b)
{
    vec bv[GEMM_NV];

    VEC_UNROLL
    for (int v = 0; v < nv; v++)
        bv[v] = vec_load(b + v * VEC_LANES);
    VEC_UNROLL
    for (int r = 0; r < mr; r++) {
        vec av = vec_broadcast(row[r / 3] + r % 3 * lda);
        VEC_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r * nv + v] = vec_fma(av, bv[v], acc[r * nv + v]);
    }
}

/* Add a chunk to mr rows. fetch: of GEMM_FETCH, goes on by a line for each k. */
VEC_INLINE void gemm_chunks_add(int mr, int nv, gemm_kind kind, vec *acc, int64_t depth, const float *a, int64_t lda,
                                const float *b, const float **fetch)
{
    const float *row[(GEMM_MR + 2) / 3], *next = a + mr * lda;

    VEC_UNROLL
    for (int r = 0; r < mr; r += 3)
        row[r / 3] = a + r * lda;
    for (; depth > 0; depth--, b += GEMM_NR) {
        gemm_chunks_step(mr, nv, acc, row, lda, b);
        VEC_UNROLL
        for (int r = 0; r < mr; r += 3)
            row[r / 3] = gemm_next(row[r / 3]);
        if (kind == GEMM_FETCH) {
            __builtin_prefetch(*fetch);
            *fetch += GEMM_LINE;
        }
        /* One of the next tile's rows for each k: all of them within a chunk of VEC_LANES. */
        if (kind == GEMM_AHEAD) {
            __builtin_prefetch(next);
            next += lda;
            __builtin_prefetch(b + GEMM_ROWS_AHEAD * GEMM_NR);
            if (nv > 1)
                __builtin_prefetch(b + GEMM_ROWS_AHEAD * GEMM_NR + VEC_LANES);
        }
    }
}

/* Panels from p on, of nv vectors. What is needed between two of them is read from memory, so that the pointers of the
 * loop inside stay in registers: a pointer that the compiler keeps in a vector register comes back only when all FMAs
 * before it are done. */
VEC_INLINE void gemm_chunks_tile(int mr, int nv, gemm_kind kind, const gemm_left *left, const float *a,
                                 const gemm_right *right, int64_t p, const gemm_tile_end *end)
{
    const float *fetch = end->fetch;

    do {
        vec acc[GEMM_MR * GEMM_NV];
        const float *b = right->b + p * right->step;
        gemm_tile_zero(mr, nv, acc);
        for (const gemm_chunk *chunk = left->chunk; chunk != left->end; chunk++) {
            const float *ai = a + chunk->a, *bi = b + chunk->b;
            bool all = kind == GEMM_INNER || kind == GEMM_FETCH || mr == 1 || chunk->out == GEMM_NONE_OUT;
            int less = mr > 1 ? mr - 1 : 1;
            if (all)
                gemm_chunks_add(mr, nv, kind, acc, chunk->depth, ai, left->lda, bi, &fetch);
            else if (chunk->out == GEMM_FIRST_OUT)
                gemm_chunks_add(less, nv, kind, acc + nv, chunk->depth, ai + left->lda, left->lda, bi, &fetch);
            else
                gemm_chunks_add(less, nv, kind, acc, chunk->depth, ai, left->lda, bi, &fetch);
        }
        gemm_tile_store(mr, nv, acc, p, end);
    } while (++p < right->panels && nv == GEMM_NV);
}

VEC_INLINE void gemm_chunks_rows(int rows, int nv, gemm_kind kind, const gemm_left *left, const float *a,
                                 const gemm_right *right, int64_t p, const gemm_tile_end *end)
{
#define TILE(mr) gemm_chunks_tile(mr, nv, kind, left, a, right, p, end)
    GEMM_SWITCH_ROWS(rows, TILE)
#undef TILE
}

static VEC_NOINLINE void gemm_f32_chunks_wide(int rows, const gemm_left *left, const float *a,
                                              const gemm_right *right, const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_INNER, left, a, right, 0, end);
}

static VEC_NOINLINE void gemm_f32_chunks_edge(int rows, const gemm_left *left, const float *a,
                                              const gemm_right *right, const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_EDGE, left, a, right, 0, end);
}

static VEC_NOINLINE void gemm_f32_chunks_ahead(int rows, const gemm_left *left, const float *a,
                                               const gemm_right *right, const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_AHEAD, left, a, right, 0, end);
}

static VEC_NOINLINE void gemm_f32_chunks_fetch(int rows, const gemm_left *left, const float *a,
                                               const gemm_right *right, const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_FETCH, left, a, right, 0, end);
}

static VEC_NOINLINE void gemm_f32_chunks_narrow(int rows, const gemm_left *left, const float *a,
                                                const gemm_right *right, const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, 1, GEMM_EDGE, left, a, right, right->panels, end);
}

/* What a tile of rows, counted from 0, fetches of the panel that comes next: the first ones a share each, so that memory
 * is not waited for by the first and idle for the others. next: that panel, as deep as this one, or NULL. */
static inline const float *gemm_fetch_next(const float *next, int64_t tile, int64_t depth)
{
    return next && tile * GEMM_LINE < GEMM_NR ? next + tile * depth * GEMM_LINE : NULL;
}

/* Panels of `columns` columns. */
static inline gemm_right gemm_right_of(const float *b, int64_t step, int64_t columns)
{
    bool narrow = (columns - 1) % GEMM_NR < VEC_LANES;

    return (gemm_right){.b = b, .step = step, .panels = gemm_panels(columns) - narrow, .narrow = narrow};
}

/* A tile of `rows` rows, 1 .. GEMM_MR, by panels of b. end: of the first one. */
static inline void gemm_f32_chunks(int rows, gemm_kind kind, const gemm_left *left, const float *a,
                                   const gemm_right *right, const gemm_tile_end *end)
{
    if (right->panels > 0 && end->fetch)
        gemm_f32_chunks_fetch(rows, left, a, right, end);
    else if (right->panels > 0 && kind == GEMM_AHEAD)
        gemm_f32_chunks_ahead(rows, left, a, right, end);
    else if (right->panels > 0 && kind == GEMM_EDGE)
        gemm_f32_chunks_edge(rows, left, a, right, end);
    else if (right->panels > 0)
        gemm_f32_chunks_wide(rows, left, a, right, end);
    if (right->narrow)
        gemm_f32_chunks_narrow(rows, left, a, right, end);
}

/* Rows of a tile that lie so far apart would share too few sets of L1. */
static inline bool gemm_rows_collide(int64_t lda)
{
    return lda * (int64_t)sizeof(float) % 2048 == 0;
}

#endif
