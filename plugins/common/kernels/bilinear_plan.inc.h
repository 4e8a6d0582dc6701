/* What the kernels with fewer multiplications keep: sizes, right matrices, and how the work is cut. Part of
 * bilinear.inc.h, which has the method. */
#ifndef LAYERCAKE_PLUGINS_COMMON_BILINEAR_PLAN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_BILINEAR_PLAN_INC_H

#include "common/kernels/bilinear_algorithms.inc.h"
#include "common/kernels/gemm_chunks.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    BILINEAR_GROUP = 4,                   /* panels whose part of c stays in L2 for all chains of a round */
    BILINEAR_ROWS_AHEAD = 4,              /* of a, to fetch where it is far */
    BILINEAR_LEFT_FLOATS = 400 * GEMM_KC, /* of left matrices: 600 KiB of L2 */
    BILINEAR_ROWS = GEMM_MR * (GEMM_MR > 6 ? 8 : 20) /* of a half, in an item at most */
};
/* Where row r of an image lies: r / (wide high) image + r / wide % high row + r % wide pixel, its vectors `step`
 * apart. */
typedef struct bilinear_rows {
    int64_t wide, high;
    int64_t image, row, pixel, step;
} bilinear_rows;

typedef struct bilinear bilinear;

/* Make row `row` of an image's half, columns k0 .. k0+depth-1 of a block, into each left matrix of a round. */
typedef void bilinear_left_row(const bilinear *s, const float *a, int64_t image, int64_t row, int round, int64_t k0,
                               int64_t depth, float *to);

struct bilinear {
    const cake_host *host;
    const bilinear_algorithm *algorithm;
    bilinear_left_row *left_row;
    int64_t images, m, k, n; /* rows of an image */
    bilinear_rows from;      /* a; images follow each other */
    bool far;                /* a lies beyond L2 */
    int64_t to_image, to_row, to_step;
    int64_t m1, k1, panels; /* of the first blocks; k1 whole vectors */
    int64_t kc, lda;
    int64_t row_blocks, panel_blocks; /* of a block of c */
    int64_t rows;                     /* of a row block at most */
    int64_t left_floats;              /* of a thread */
    bool left_far;                    /* they lie beyond L2 */
    float *left;                      /* [thread][product of a round][rows][lda] */
    float *right;                     /* panels of the block of k, in the order of their use */
    float *bias;                      /* [n cuts][panels GEMM_NR], zero where there is none */
    uint32_t first;                   /* bit p: product p is the first to reach its goal */
};

static void bilinear_close(void *ctx)
{
    bilinear *s = ctx;
    const cake_host *host = s->host;

    workspace_free(host, s->left);
    workspace_free(host, s->right);
    workspace_free(host, s->bias);
    host->free(host, s);
}

/* First product of a round, or the end of the last one. */
static inline int bilinear_round(const bilinear_algorithm *algorithm, int round)
{
    return algorithm->chain[algorithm->round[round]];
}

/* Where a panel of a right matrix lies: in the order of use, which is a block of k after the other, in it a round, in
 * that a group of panels after the other, in that the chains. */
static inline int64_t bilinear_right_at(const bilinear *s, int64_t k0, int64_t depth, int round, int chain, int j,
                                        int64_t panel)
{
    const bilinear_algorithm *algorithm = s->algorithm;
    int64_t first = panel / BILINEAR_GROUP * BILINEAR_GROUP, left = s->panels - first;
    int64_t group = left < BILINEAR_GROUP ? left : BILINEAR_GROUP;
    int start = bilinear_round(algorithm, round), products = bilinear_round(algorithm, round + 1) - start;
    int chain0 = algorithm->chain[chain], count = algorithm->chain[chain + 1] - chain0;
    int64_t before = start * s->panels + products * first + (chain0 - start) * group + (panel - first) * count + j;

    return (k0 * algorithm->products * s->panels + before * depth) * GEMM_NR;
}

/* Add up column n of a product's right matrix, rows k0 .. k0+depth-1, to `to`, GEMM_NR apart. w: [n][k], rows ldw
 * apart. */
static void bilinear_right_column(const bilinear *s, const bilinear_product *product, const float *w, int64_t ldw,
                                  int64_t k0, int64_t depth, int64_t n, float *to)
{
    const bilinear_algorithm *algorithm = s->algorithm;
    double sum[GEMM_KC] = {0};

    for (int block = 0; block < algorithm->k * algorithm->n; block++) {
        int64_t row = k0 + block / algorithm->n * s->k1, column = n + block % algorithm->n * s->panels * GEMM_NR;
        int64_t rows = s->k - row < depth ? s->k - row : depth;
        if (product->b[block] == 0 || column >= s->n)
            continue;
        for (int64_t k = 0; k < rows; k++)
            sum[k] += product->b[block] * (double)w[column * ldw + row + k];
    }
    for (int64_t k = 0; k < depth; k++)
        to[k * GEMM_NR] = (float)sum[k];
}

static void bilinear_pack_chain(const bilinear *s, const float *w, int64_t ldw, int64_t k0, int64_t depth, int round,
                                int chain)
{
    const int *product = s->algorithm->chain + chain;

    for (int64_t panel = 0; panel < s->panels; panel++)
        for (int j = 0; j < product[1] - product[0]; j++) {
            float *to = s->right + bilinear_right_at(s, k0, depth, round, chain, j, panel);
            for (int64_t n = 0; n < GEMM_NR; n++)
                bilinear_right_column(s, s->algorithm->product + product[0] + j, w, ldw, k0, depth,
                                      panel * GEMM_NR + n, to + n);
        }
}

static void bilinear_pack(const bilinear *s, const float *w, int64_t ldw)
{
    for (int64_t k0 = 0; k0 < s->k1; k0 += s->kc)
        for (int round = 0; round < s->algorithm->rounds; round++)
            for (int chain = s->algorithm->round[round]; chain < s->algorithm->round[round + 1]; chain++)
                bilinear_pack_chain(s, w, ldw, k0, s->k1 - k0 < s->kc ? s->k1 - k0 : s->kc, round, chain);
}

/* Cut the blocks of c: rows as a round's left matrices fit into L2, or as many as may be where the right ones come from
 * memory for each block of rows; and as many items as threads, in equal shares, where the work allows: rows first,
 * since each block of panels makes its left matrices. */
static void bilinear_cut(bilinear *s, int64_t threads, int64_t products)
{
    const bilinear_algorithm *algorithm = s->algorithm;
    int64_t tiles = (s->m1 + GEMM_MR - 1) / GEMM_MR, fit = BILINEAR_LEFT_FLOATS / (products * s->lda);
    int64_t right = algorithm->products * s->k1 * s->panels * GEMM_NR * (int64_t)sizeof(float), others;

    fit = fit > BILINEAR_ROWS ? BILINEAR_ROWS : fit < GEMM_MR ? GEMM_MR : fit / GEMM_MR * GEMM_MR;
    if (s->host->l3_bytes > 0 && right > s->host->l3_bytes / 2)
        fit = 2 * BILINEAR_ROWS;
    s->row_blocks = (s->m1 + fit - 1) / fit;
    while (s->images * s->row_blocks % threads != 0 && s->images * s->row_blocks < 4 * threads &&
           s->row_blocks < tiles)
        s->row_blocks++;
    others = s->images * s->row_blocks;
    s->panel_blocks = others < 4 * threads && others % threads != 0 ? threads : 1;
    if (s->panel_blocks > s->panels)
        s->panel_blocks = s->panels;
    s->rows = (s->m1 + s->row_blocks - 1) / s->row_blocks;
    s->left_floats = products * s->rows * s->lda;
    s->left_far = s->left_floats > 3 * BILINEAR_LEFT_FLOATS / 2;
}

/* Which products are the first to reach their goals. */
static uint32_t bilinear_first(const bilinear_algorithm *algorithm)
{
    uint32_t reached = 0, first = 0;

    for (int p = 0; p < algorithm->products; p++) {
        int goal = algorithm->product[p].goal;
        uint32_t bit = (uint32_t)1 << (goal < 0 ? -goal : goal);
        if (goal && !(reached & bit))
            first |= (uint32_t)1 << p;
        reached |= bit;
    }
    return first;
}

/* `s` holds the algorithm, sizes and places; takes ownership of it. w: [n][k], rows ldw apart. */
static int32_t bilinear_open(bilinear *s, const float *w, int64_t ldw, const float *bias, int threads, void **ctx)
{
    const bilinear_algorithm *algorithm = s->algorithm;
    int64_t columns, products = 0;

    for (int round = 0; round < algorithm->rounds; round++) {
        int count = bilinear_round(algorithm, round + 1) - bilinear_round(algorithm, round);
        products = count > products ? count : products;
    }
    s->far = s->images * s->m * s->k > GEMM_FAR_FLOATS;
    s->m1 = (s->m + 1) / 2;
    s->k1 = ((s->k + algorithm->k - 1) / algorithm->k + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    s->panels = (gemm_panels(s->n) + algorithm->n - 1) / algorithm->n;
    s->kc = (gemm_k_block_of(s->k1, algorithm->depth) + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    s->lda = gemm_rows_collide(s->kc) ? s->kc + VEC_LANES : s->kc;
    columns = s->panels * GEMM_NR;
    s->first = bilinear_first(algorithm);
    bilinear_cut(s, threads, products);
    s->left = workspace_floats(s->host, threads * s->left_floats);
    s->right = workspace_floats(s->host, algorithm->products * s->k1 * columns);
    s->bias = workspace_floats(s->host, algorithm->n * columns);
    if (!s->left || !s->right || !s->bias) {
        bilinear_close(s);
        return CAKE_NO_MEMORY;
    }
    bilinear_pack(s, w, ldw);
    for (int64_t i = 0; bias && i < s->n; i++)
        s->bias[i] = bias[i];
    *ctx = s;
    return CAKE_DONE;
}

#endif
