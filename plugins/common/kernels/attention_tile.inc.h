/* The micro-kernel of tiled attention: c[r][.] = sum over i of a[r,i] b[i][.], with a's elements broadcast and rows
 * of b and c one block of queries wide. Include a vector header first.
 *
 * Scores: a = keys as they lie ([r = key][i]), b = the block's queries transposed, scaled.
 * Values: a = values as they lie ([i = key][r]), b = the weights, c = the result transposed.
 *
 * Floor: rows depth ATTENTION_NV FMAs. AVX-512: 14 rows by 2 vectors, 28 accumulators, 2 of b and 1 of a make 31 of
 * 32 registers; AVX2: 6 by 2, 12 + 2 + 1 of 16. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ATTENTION_TILE_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ATTENTION_TILE_INC_H

#include <stdint.h>

#include "common/vec/unroll.h"

enum {
    ATTENTION_NV = 2,
    ATTENTION_ROWS = ATTENTION_NV * VEC_LANES,   /* queries of a block */
    ATTENTION_MR = VEC_REGISTERS == 32 ? 14 : 6, /* rows of a tile at most */
    ATTENTION_GROUPS = (ATTENTION_MR + 2) / 3
};

typedef struct attention_tile {
    int64_t depth;
    int64_t last; /* so many more i, of which only the last vector of b's rows counts; 0 for half a tile */
    const float *a;
    int64_t across, along; /* floats of a from row to row, and from i to i + 1 */
    const float *b;        /* [depth][ATTENTION_ROWS] */
    float *c;              /* [rows][ATTENTION_ROWS] */
    const float *factor;   /* [ATTENTION_ROWS]: c = factor c + sum; NULL: c = sum */
    float *largest;        /* [ATTENTION_ROWS]: takes in the largest of each column; or NULL */
} attention_tile;

/* Rows in threes: x86 addresses base, base + stride and base + 2 stride need no registers of their own. */
VEC_INLINE void attention_tile_body(int rows, int nv, const attention_tile *t)
{
    vec acc[ATTENTION_MR * ATTENTION_NV];
    const float *a[ATTENTION_GROUPS], *b = t->b;
    int64_t across = t->across, along = t->along;

    VEC_UNROLL
    for (int g = 0; g < (rows + 2) / 3; g++)
        a[g] = t->a + 3 * g * across;
    VEC_UNROLL
    for (int i = 0; i < rows * nv; i++)
        acc[i] = vec_zero();
    for (int64_t i = t->depth; i > 0; i--) {
        vec bv[ATTENTION_NV];
        VEC_UNROLL
        for (int v = 0; v < nv; v++)
            bv[v] = vec_load(b + v * VEC_LANES);
        b += ATTENTION_ROWS;
        VEC_UNROLL
        for (int r = 0; r < rows; r++) {
            vec av = vec_broadcast(a[r / 3] + r % 3 * across);
            VEC_UNROLL
            for (int v = 0; v < nv; v++)
                acc[r * nv + v] = vec_fma(av, bv[v], acc[r * nv + v]);
        }
        VEC_UNROLL
        for (int g = 0; g < (rows + 2) / 3; g++)
            a[g] += along;
    }
    /* Not the same loop from another vector on: clang would keep the accumulators of both in memory. */
    for (int64_t i = nv > 1 ? t->last : 0; i > 0; i--) {
        vec bv = vec_load(b + (nv - 1) * VEC_LANES);
        b += ATTENTION_ROWS;
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            acc[r * nv + nv - 1] = vec_fma(vec_broadcast(a[r / 3] + r % 3 * across), bv, acc[r * nv + nv - 1]);
        VEC_UNROLL
        for (int g = 0; g < (rows + 2) / 3; g++)
            a[g] += along;
    }
    VEC_UNROLL
    for (int v = 0; v < nv; v++) {
        float *c = t->c + v * VEC_LANES;
        if (t->factor) {
            vec factor = vec_load(t->factor + v * VEC_LANES);
            VEC_UNROLL
            for (int r = 0; r < rows; r++)
                acc[r * nv + v] = vec_fma(factor, vec_load(c + r * ATTENTION_ROWS), acc[r * nv + v]);
        }
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            vec_store(c + r * ATTENTION_ROWS, acc[r * nv + v]);
        if (t->largest) {
            vec largest = vec_load(t->largest + v * VEC_LANES);
            VEC_UNROLL
            for (int r = 0; r < rows; r++)
                largest = vec_max(largest, acc[r * nv + v]);
            vec_store(t->largest + v * VEC_LANES, largest);
        }
    }
}

VEC_INLINE void attention_tile_rows(int rows, int nv, const attention_tile *t)
{
    enum { WIDE = ATTENTION_MR > 6 }; /* tiles of more than six rows exist */

    switch (rows) {
    case 1:
        attention_tile_body(1, nv, t);
        break;
    case 2:
        attention_tile_body(2, nv, t);
        break;
    case 3:
        attention_tile_body(3, nv, t);
        break;
    case 4:
        attention_tile_body(4, nv, t);
        break;
    case 5:
        attention_tile_body(5, nv, t);
        break;
    case 6:
        attention_tile_body(6, nv, t);
        break;
    case 7:
        attention_tile_body(WIDE ? 7 : 1, nv, t);
        break;
    case 8:
        attention_tile_body(WIDE ? 8 : 1, nv, t);
        break;
    case 9:
        attention_tile_body(WIDE ? 9 : 1, nv, t);
        break;
    case 10:
        attention_tile_body(WIDE ? 10 : 1, nv, t);
        break;
    case 11:
        attention_tile_body(WIDE ? 11 : 1, nv, t);
        break;
    case 12:
        attention_tile_body(WIDE ? 12 : 1, nv, t);
        break;
    case 13:
        attention_tile_body(WIDE ? 13 : 1, nv, t);
        break;
    default:
        attention_tile_body(WIDE ? 14 : 1, nv, t);
        break;
    }
}

/* Functions of their own, so that the compiler gives each tile all the registers. */
static __attribute__((noinline)) void attention_f32_tile(int rows, const attention_tile *t)
{
    attention_tile_rows(rows, ATTENTION_NV, t);
}

static __attribute__((noinline)) void attention_f32_tile_half(int rows, const attention_tile *t)
{
    attention_tile_rows(rows, 1, t);
}

/* The rows of the tile that begins at row `done` of `count`: tiles are of nearly equal height. */
static inline int64_t attention_tile_height(int64_t count, int64_t done)
{
    int64_t left = count - done, tiles = (left + ATTENTION_MR - 1) / ATTENTION_MR;

    return (left + tiles - 1) / tiles;
}

#endif
