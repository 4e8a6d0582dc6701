/* The product of rows that lie anywhere with packed panels: what rnn and the composed layers are made of. Columns
 * belong to one or several heads, whose results lie apart; each head has panels of its own, the last one padded.
 *
 * Include a vector header first. The floor is gemm_compute's. */
#ifndef LAYERCAKE_PLUGINS_COMMON_GEMM_ROWS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_GEMM_ROWS_INC_H

#include "common/kernels/gemm.inc.h"

typedef struct gemm_rows {
    int64_t k;
    const float *b;     /* packed by gemm_pack_b, or of several heads by gemm_pack_heads */
    int64_t panels;     /* of b */
    int64_t n, of_head; /* columns and panels of a head */
    const float *bias;  /* [heads][n], or NULL */
} gemm_rows;

/* Where c begins, and the distances in it. */
typedef struct gemm_rows_to {
    float *c;
    int64_t ldc, head;
    int64_t first; /* the panel whose columns c begins with, the first one of a head */
} gemm_rows_to;

/* Floats that the packed b of `heads` heads takes. */
static inline int64_t gemm_heads_floats(int64_t k, int64_t heads, int64_t n)
{
    return heads * gemm_b_floats(k, n);
}

/* Pack b of some heads: element [k][n] of head h is b[k * stride_k + n * stride_n + h * stride_head]. */
static inline void gemm_pack_heads(float *packed, const float *b, int64_t k, int64_t heads, int64_t n,
                                   int64_t stride_k, int64_t stride_n, int64_t stride_head)
{
    int64_t kc = gemm_k_block(k), of_head = gemm_panels(n);

    for (int64_t k0 = 0; k0 < k; k0 += kc) {
        int64_t depth = k - k0 < kc ? k - k0 : kc;
        for (int64_t h = 0; h < heads; h++)
            gemm_pack_block(packed + (k0 * heads + h * depth) * of_head * GEMM_NR,
                            b + k0 * stride_k + h * stride_head, depth, n, stride_k, stride_n, 0, of_head);
    }
}

/* c = rows `from`, k floats each, times panels p0 .. p1-1. */
static void gemm_rows_compute(const gemm_rows *g, const float *const *from, int64_t rows, int64_t p0, int64_t p1,
                              const gemm_rows_to *to, float *scratch)
{
    int64_t kc = gemm_k_block(g->k), tiles = (rows + GEMM_MR - 1) / GEMM_MR, width = g->of_head * GEMM_NR;
    int64_t head0 = (p0 - to->first) / g->of_head, column0 = (p0 - to->first) % g->of_head * GEMM_NR;

    for (int64_t k0 = 0; k0 < g->k; k0 += kc) {
        int64_t depth = g->k - k0 < kc ? g->k - k0 : kc, row = 0;
        for (int64_t t = 0; t < tiles; t++) {
            int height = (int)((rows - row + tiles - t - 1) / (tiles - t));
            int64_t head = head0, column = column0;
            for (int r = 0; r < height; r++)
                gemm_pack_a(scratch + r * GEMM_LDA, from[row + r] + k0, 0, 1, depth);
            for (int64_t p = p0; p < p1; p++) {
                float *c = to->c + row * to->ldc + head * to->head + column;
                gemm_tile_end end = {.c = c, .ldc = to->ldc, .step = VEC_LANES, .columns = g->n - column};
                end.addstep = VEC_LANES;
                if (k0 > 0)
                    end.add = c, end.ldadd = to->ldc;
                else
                    end.add = g->bias ? g->bias + (to->first / g->of_head + head) * g->n + column : NULL;
                gemm_f32_tile(height, depth, scratch, g->b + (k0 * g->panels + p * depth) * GEMM_NR, GEMM_NR, &end);
                column += GEMM_NR;
                if (column == width)
                    head++, column = 0;
            }
            row += height;
        }
    }
}

#endif
