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

typedef struct gemm_chunk {
    int64_t a, b;  /* where its first value of row 0, its first row of the panel lie: floats from a and b */
    int64_t depth; /* k values, 1 or more */
} gemm_chunk;

enum { GEMM_AHEAD = 16 }; /* rows of b */

/* What a tile fetches. */
enum { GEMM_FETCH_NONE, GEMM_FETCH_FOLLOWING, GEMM_FETCH_OTHER };

VEC_INLINE void gemm_chunks_tile(int mr, int nv, int fetch, const gemm_chunk *chunk, int64_t chunks, const float *a,
                                 int64_t lda, const float *b, const gemm_tile_end *end)
{
    const float *other = end->fetch;
    vec acc[GEMM_MR * GEMM_NV];

    gemm_tile_begin(mr, nv, acc, end);
    for (int64_t i = 0; i < chunks; i++, chunk++) {
        const float *row[(GEMM_MR + 2) / 3], *bi = b + chunk->b, *next = a + chunk->a + mr * lda;
        VEC_UNROLL
        for (int r = 0; r < mr; r += 3)
            row[r / 3] = a + chunk->a + r * lda;
        for (int64_t k = chunk->depth; k > 0; k--, bi += GEMM_NR) {
            vec bv[GEMM_NV];
            VEC_UNROLL
            for (int v = 0; v < nv; v++)
                bv[v] = vec_load(bi + v * VEC_LANES);
            VEC_UNROLL
            for (int r = 0; r < mr; r++) {
                vec av = vec_broadcast(row[r / 3] + r % 3 * lda);
                VEC_UNROLL
                for (int v = 0; v < nv; v++)
                    acc[r * nv + v] = vec_fma(av, bv[v], acc[r * nv + v]);
            }
            VEC_UNROLL
            for (int r = 0; r < mr; r += 3)
                row[r / 3]++;
            if (fetch == GEMM_FETCH_OTHER) {
                __builtin_prefetch(other);
                other += GEMM_LINE;
            }
            /* One of the next tile's rows for each k: all of them within a chunk of VEC_LANES. */
            if (fetch == GEMM_FETCH_FOLLOWING) {
                __builtin_prefetch(next);
                next += lda;
                __builtin_prefetch(bi + GEMM_AHEAD * GEMM_NR);
                if (nv > 1)
                    __builtin_prefetch(bi + GEMM_AHEAD * GEMM_NR + VEC_LANES);
            }
        }
    }
    gemm_tile_store(mr, nv, acc, end);
}

VEC_INLINE void gemm_chunks_rows(int rows, int nv, int fetch, const gemm_chunk *chunk, int64_t chunks, const float *a,
                                 int64_t lda, const float *b, const gemm_tile_end *end)
{
    enum { LAST = GEMM_MR };

    switch (rows) {
#define ROWS(mr)                                                                                                     \
    case mr:                                                                                                         \
        if ((mr) <= LAST)                                                                                            \
            gemm_chunks_tile((mr) <= LAST ? (mr) : 1, nv, fetch, chunk, chunks, a, lda, b, end);                     \
        break
        ROWS(1);
        ROWS(2);
        ROWS(3);
        ROWS(4);
        ROWS(5);
        ROWS(6);
        ROWS(7);
        ROWS(8);
        ROWS(9);
        ROWS(10);
        ROWS(11);
        ROWS(12);
        ROWS(13);
        ROWS(14);
#undef ROWS
    default:
        break;
    }
}

static __attribute__((noinline)) void gemm_f32_chunks_wide(int rows, const gemm_chunk *chunk, int64_t chunks,
                                                           const float *a, int64_t lda, const float *b,
                                                           const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_FETCH_NONE, chunk, chunks, a, lda, b, end);
}

static __attribute__((noinline)) void gemm_f32_chunks_ahead(int rows, const gemm_chunk *chunk, int64_t chunks,
                                                            const float *a, int64_t lda, const float *b,
                                                            const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_FETCH_FOLLOWING, chunk, chunks, a, lda, b, end);
}

static __attribute__((noinline)) void gemm_f32_chunks_fetch(int rows, const gemm_chunk *chunk, int64_t chunks,
                                                            const float *a, int64_t lda, const float *b,
                                                            const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, GEMM_NV, GEMM_FETCH_OTHER, chunk, chunks, a, lda, b, end);
}

static __attribute__((noinline)) void gemm_f32_chunks_narrow(int rows, const gemm_chunk *chunk, int64_t chunks,
                                                             const float *a, int64_t lda, const float *b,
                                                             const gemm_tile_end *end)
{
    gemm_chunks_rows(rows, 1, GEMM_FETCH_NONE, chunk, chunks, a, lda, b, end);
}

/* A tile of `rows` rows, 1 .. GEMM_MR, by one panel of b. */
static inline void gemm_f32_chunks(int rows, bool ahead, const gemm_chunk *chunk, int64_t chunks, const float *a,
                                   int64_t lda, const float *b, const gemm_tile_end *end)
{
    if (end->columns <= VEC_LANES)
        gemm_f32_chunks_narrow(rows, chunk, chunks, a, lda, b, end);
    else if (end->fetch)
        gemm_f32_chunks_fetch(rows, chunk, chunks, a, lda, b, end);
    else if (ahead)
        gemm_f32_chunks_ahead(rows, chunk, chunks, a, lda, b, end);
    else
        gemm_f32_chunks_wide(rows, chunk, chunks, a, lda, b, end);
}

/* Rows of a tile that lie so far apart would share too few sets of L1. */
static inline bool gemm_rows_collide(int64_t lda)
{
    return lda * (int64_t)sizeof(float) % 2048 == 0;
}

#endif
