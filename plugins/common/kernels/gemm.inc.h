/* The tile of a product whose b is packed once: the building block of linear, conv2d, rnn and attention.
 *
 * Include a vector header first. Everything is static: each ISA's object holds its own copy.
 *
 * b [k][n] is packed into panels of GEMM_NR columns (two vectors), cut along k into blocks that let a panel of a
 * stay in L1; the last panel is padded with zeros. A tile of up to GEMM_MR rows by one panel is kept in
 * registers over a block of k: for each k two loads of b, a broadcast of a for each row, and two FMAs a row.
 *
 * Floor: m n k / VEC_LANES FMAs. AVX-512 tile 14x32: 28 accumulators, 2 of b and 1 of a make 31 of 32 registers, and
 * 28 FMAs pay for 16 loads; AVX2 tile 6x16: 12 + 2 + 1 of 16 registers, 12 FMAs for 8 loads. */
#ifndef LAYERCAKE_PLUGINS_COMMON_GEMM_INC_H
#define LAYERCAKE_PLUGINS_COMMON_GEMM_INC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/vec/unroll.h"

enum {
    GEMM_NV = 2,                             /* vectors a panel is wide */
    GEMM_NR = GEMM_NV * VEC_LANES,           /* columns of a panel */
    GEMM_MR = VEC_REGISTERS == 32 ? 14 : 6,  /* rows of a tile at most */
    GEMM_KC = 384,                           /* block of k at most, for packed a */
    GEMM_KC_IN_PLACE = 2 * GEMM_KC,          /* for a read where it lies */
    GEMM_FEW = VEC_REGISTERS == 32 ? 4 : 2,  /* rows that wait for b, or an FMA for the one before */
    GEMM_LDA = GEMM_KC + 16,                 /* row of packed a: rows fall into different sets of L1 */
    GEMM_BESIDE = 2,                         /* panels that few rows take at once */
    GEMM_AHEAD_FLOATS = 1024,                /* how far ahead few rows fetch a panel of b */
    GEMM_AHEAD_BESIDE = 512,                 /* and one row each of several panels */
    GEMM_LINE = 16,                          /* floats of a cache line */
    GEMM_FAR_FLOATS = 1 << 20,               /* of a matrix or image that a core does not find in L2 */
    GEMM_SCRATCH_FLOATS = GEMM_MR * GEMM_LDA /* what gemm_compute needs for each thread, 64-byte aligned */
};

/* How k is cut: into equal blocks (but the last) of at most `most`. */
static inline int64_t gemm_k_block_of(int64_t k, int64_t most)
{
    int64_t blocks = (k + most - 1) / most;

    return blocks ? (k + blocks - 1) / blocks : 1;
}

static inline int64_t gemm_k_block(int64_t k)
{
    return gemm_k_block_of(k, GEMM_KC);
}

static inline int64_t gemm_panels(int64_t n)
{
    return (n + GEMM_NR - 1) / GEMM_NR;
}

/* Floats that a packed b takes; 64-byte aligned. */
static inline int64_t gemm_b_floats(int64_t k, int64_t n)
{
    return k * gemm_panels(n) * GEMM_NR;
}

/* Pack one block of k, of panels begin .. end-1: `packed` is the block's own [panel][depth][GEMM_NR]. b's element
 * [k][n] is b[k * stride_k + n * stride_n]. */
static inline void gemm_pack_block(float *packed, const float *b, int64_t depth, int64_t n, int64_t stride_k,
                                   int64_t stride_n, int64_t begin, int64_t end)
{
    for (int64_t p = begin; p < end; p++) {
        float *to = packed + p * depth * GEMM_NR;
        int64_t columns = n - p * GEMM_NR < GEMM_NR ? n - p * GEMM_NR : GEMM_NR;
        const float *from = b + p * GEMM_NR * stride_n;
        for (int64_t i = 0; i < depth; i++)
            for (int64_t j = 0; j < GEMM_NR; j++)
                to[i * GEMM_NR + j] = j < columns ? from[i * stride_k + j * stride_n] : 0;
    }
}

/* Pack panels begin .. end-1 of the whole b: its blocks of kc rows, one after another. */
static inline void gemm_pack_b(float *packed, const float *b, int64_t k, int64_t kc, int64_t n, int64_t stride_k,
                               int64_t stride_n, int64_t begin, int64_t end)
{
    int64_t width = gemm_panels(n) * GEMM_NR;

    for (int64_t k0 = 0; k0 < k; k0 += kc)
        gemm_pack_block(packed + k0 * width, b + k0 * stride_k, k - k0 < kc ? k - k0 : kc, n, stride_k, stride_n,
                        begin, end);
}

/* Where a finished tile goes: c = tile + add. */
typedef struct gemm_tile_end {
    float *c;         /* row r, vector v at c + r ldc + v step */
    const float *add; /* c to accumulate, bias, or NULL; its own two distances */
    int64_t ldc, step;
    int64_t ldadd, addstep; /* ldadd = 0: every row adds the same */
    int64_t columns;        /* how many exist; more than the panels hold means all */
    const float *fetch;     /* for gemm_f32_chunks: what to bring into the caches, a line for each k; or NULL */
} gemm_tile_end;

/* Store a tile of mr x nv vectors, some of whose columns do not exist. */
static __attribute__((noinline)) void gemm_store_part(int mr, int nv, const float *tile, int64_t p,
                                                      const gemm_tile_end *end)
{
    for (int v = 0; v < nv; v++) {
        int64_t at = p * GEMM_NV + v, left = end->columns - at * VEC_LANES;
        vmask m = vec_mask(left > VEC_LANES ? VEC_LANES : left > 0 ? (int)left : 0);
        for (int r = 0; r < mr; r++) {
            vec a = vec_load(tile + (r * nv + v) * VEC_LANES);
            if (end->add)
                a = vec_add(a, vec_load_mask(end->add + r * end->ldadd + at * end->addstep, m));
            vec_store_mask(end->c + r * end->ldc + at * end->step, a, m);
        }
    }
}

/* All columns of a tile of panel p exist. */
static inline bool gemm_whole_tile(int nv, int64_t p, const gemm_tile_end *end)
{
    return end->columns >= p * GEMM_NR + nv * VEC_LANES;
}

VEC_INLINE void gemm_tile_zero(int mr, int nv, vec *acc)
{
    VEC_UNROLL
    for (int i = 0; i < mr * nv; i++)
        acc[i] = vec_zero();
}

/* Add to the rows what panel p's columns add: the same to each, or to each its own. */
VEC_INLINE void gemm_tile_add(int mr, int nv, vec *acc, int64_t p, const gemm_tile_end *end)
{
    const float *add = end->add + p * GEMM_NV * end->addstep;
    int64_t ldadd = end->ldadd, step = end->addstep;

    if (ldadd == 0) {
        vec same[GEMM_BESIDE * GEMM_NV];
        VEC_UNROLL
        for (int v = 0; v < nv; v++)
            same[v] = vec_load(add + v * step);
        VEC_UNROLL
        for (int i = 0; i < mr * nv; i++)
            acc[i] = vec_add(acc[i], same[i % nv]);
        return;
    }
    VEC_UNROLL
    for (int r = 0; r < mr; r++, add += ldadd) {
        VEC_UNROLL
        for (int v = 0; v < nv; v++)
            acc[r * nv + v] = vec_add(acc[r * nv + v], vec_load(add + v * step));
    }
}

/* Finish a tile of panel p, counted from the one that `end` is of. (To begin with what is added in place of zeros would
 * save the additions, but their unit is idle; a tile that begins with zeros waits for nothing, and its first FMAs run
 * between the stores of the tile before it.) */
VEC_INLINE void gemm_tile_store(int mr, int nv, vec *acc, int64_t p, const gemm_tile_end *end)
{
    float *c = end->c + p * GEMM_NV * end->step, tile[GEMM_MR * GEMM_NR];
    int64_t ldc = end->ldc, step = end->step;

    if (gemm_whole_tile(nv, p, end)) {
        if (end->add)
            gemm_tile_add(mr, nv, acc, p, end);
        VEC_UNROLL
        for (int r = 0; r < mr; r++, c += ldc) {
            VEC_UNROLL
            for (int v = 0; v < nv; v++)
                vec_store(c + v * step, acc[r * nv + v]);
        }
        return;
    }
    VEC_UNROLL
    for (int i = 0; i < mr * nv; i++)
        vec_store(tile + i * VEC_LANES, acc[i]);
    gemm_store_part(mr, nv, tile, p, end);
}

/* One tile: mr rows of a (row-major, lda apart) times k rows of nv vectors of b (ldb apart). `sets` > 1 spreads the
 * sum over as many sets of accumulators, where mr nv of them would wait for the FMA's latency. Vectors beyond GEMM_NV
 * are the next panel's, which follows the first one's k rows. */
VEC_INLINE void gemm_tile(int mr, int nv, int sets, int64_t k, const float *restrict a, int64_t lda,
                          const float *restrict b, int64_t ldb, const gemm_tile_end *end)
{
    const int64_t panel = k * ldb, ahead = mr == 1 && nv > GEMM_NV ? GEMM_AHEAD_BESIDE : GEMM_AHEAD_FLOATS;
    vec acc[GEMM_MR * GEMM_NV];
    int64_t i = 0;

    gemm_tile_zero(sets * mr, nv, acc);
    for (; i + sets <= k; i += sets, a += sets, b += sets * ldb) {
        VEC_UNROLL
        for (int s = 0; s < sets; s++) {
            vec bv[GEMM_BESIDE * GEMM_NV];
            VEC_UNROLL
            for (int v = 0; v < nv; v++) {
                const float *at = b + v / GEMM_NV * panel + s * ldb + v % GEMM_NV * VEC_LANES;
                if (sets > 1 || nv > GEMM_NV)
                    __builtin_prefetch(at + ahead);
                bv[v] = vec_load(at);
            }
            VEC_UNROLL
            for (int r = 0; r < mr; r++) {
                vec av = vec_broadcast(a + r * lda + s);
                VEC_UNROLL
                for (int v = 0; v < nv; v++)
                    acc[(s * mr + r) * nv + v] = vec_fma(av, bv[v], acc[(s * mr + r) * nv + v]);
            }
        }
    }
    if (sets > 1)
        for (; i < k; i++, a++, b += ldb) {
            VEC_UNROLL
            for (int r = 0; r < mr; r++) {
                VEC_UNROLL
                for (int v = 0; v < nv; v++)
                    acc[r * nv + v] =
                        vec_fma(vec_broadcast(a + r * lda),
                                vec_load(b + v / GEMM_NV * panel + v % GEMM_NV * VEC_LANES), acc[r * nv + v]);
            }
        }
    VEC_UNROLL
    for (int s = 1; s < sets; s++) {
        VEC_UNROLL
        for (int r = 0; r < mr * nv; r++)
            acc[r] = vec_add(acc[r], acc[s * mr * nv + r]);
    }
    gemm_tile_store(mr, nv, acc, 0, end);
}

/* Do TILE(mr) with mr the constant that `rows` is, which only the run knows, 1 .. GEMM_MR. */
#define GEMM_SWITCH_ROWS(rows, TILE)                                                                                 \
    switch (rows) {                                                                                                  \
        GEMM_CASE_ROWS(1, TILE);                                                                                     \
        GEMM_CASE_ROWS(2, TILE);                                                                                     \
        GEMM_CASE_ROWS(3, TILE);                                                                                     \
        GEMM_CASE_ROWS(4, TILE);                                                                                     \
        GEMM_CASE_ROWS(5, TILE);                                                                                     \
        GEMM_CASE_ROWS(6, TILE);                                                                                     \
        GEMM_CASE_ROWS(7, TILE);                                                                                     \
        GEMM_CASE_ROWS(8, TILE);                                                                                     \
        GEMM_CASE_ROWS(9, TILE);                                                                                     \
        GEMM_CASE_ROWS(10, TILE);                                                                                    \
        GEMM_CASE_ROWS(11, TILE);                                                                                    \
        GEMM_CASE_ROWS(12, TILE);                                                                                    \
        GEMM_CASE_ROWS(13, TILE);                                                                                    \
        GEMM_CASE_ROWS(14, TILE);                                                                                    \
    default:                                                                                                         \
        break;                                                                                                       \
    }

#define GEMM_CASE_ROWS(mr, TILE)                                                                                     \
    case mr:                                                                                                         \
        if ((mr) <= GEMM_MR)                                                                                         \
            TILE((mr) <= GEMM_MR ? (mr) : 1);                                                                        \
        break

/* Sets of accumulators of a tile of packed a. */
VEC_INLINE int gemm_tile_sets(int mr)
{
    return mr == 1 ? 4 : mr == 2 || (mr == 3 && VEC_REGISTERS == 32) ? 2 : 1;
}

VEC_INLINE void gemm_tile_rows(int rows, int nv, int64_t k, const float *a, const float *b, int64_t ldb,
                               const gemm_tile_end *end)
{
#define TILE(mr) gemm_tile(mr, nv, gemm_tile_sets(mr), k, a, GEMM_LDA, b, ldb, end)
    GEMM_SWITCH_ROWS(rows, TILE)
#undef TILE
}

/* A tile of packed a, rows GEMM_LDA apart, and a panel of b, rows ldb apart: of the whole panel, or of its first
 * vector only. Functions of their own, so that the compiler gives each tile all the registers. */
static __attribute__((noinline)) void gemm_f32_wide(int rows, int64_t k, const float *a, const float *b, int64_t ldb,
                                                    const gemm_tile_end *end)
{
    gemm_tile_rows(rows, GEMM_NV, k, a, b, ldb, end);
}

static __attribute__((noinline)) void gemm_f32_narrow(int rows, int64_t k, const float *a, const float *b,
                                                      int64_t ldb, const gemm_tile_end *end)
{
    gemm_tile_rows(rows, 1, k, a, b, ldb, end);
}

static inline void gemm_f32_tile(int rows, int64_t k, const float *a, const float *b, int64_t ldb,
                                 const gemm_tile_end *end)
{
    if (end->columns > VEC_LANES)
        gemm_f32_wide(rows, k, a, b, ldb, end);
    else
        gemm_f32_narrow(rows, k, a, b, ldb, end);
}

static inline void gemm_copy_row(float *to, const float *from, int64_t depth)
{
    int64_t whole = depth / VEC_LANES * VEC_LANES;
    vmask m = vec_mask((int)(depth - whole));

    for (int64_t i = 0; i < whole; i += VEC_LANES)
        vec_store(to + i, vec_load(from + i));
    if (whole < depth)
        vec_store_mask(to + whole, vec_load_mask(from + whole, m), m);
}

/* Copy rows x depth of a into scratch, rows GEMM_LDA apart. */
static inline void gemm_pack_a(float *scratch, const float *a, int64_t lda, int rows, int64_t depth)
{
    for (int r = 0; r < rows; r++)
        gemm_copy_row(scratch + r * GEMM_LDA, a + r * lda, depth);
}

#endif
