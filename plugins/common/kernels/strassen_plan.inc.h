/* What the kernels with Strassen's algorithm keep: sizes, right matrices, and how the work is cut. Part of
 * strassen.inc.h, which has the algorithm. */
#ifndef LAYERCAKE_PLUGINS_COMMON_STRASSEN_PLAN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_STRASSEN_PLAN_INC_H

#include "common/kernels/gemm_chunks.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    STRASSEN_PRODUCTS = 7,
    STRASSEN_GROUP = 4, /* panels whose part of c stays in L2 for all chains */
    STRASSEN_CHAINS = 3,
    STRASSEN_CHAIN = 4,                              /* products of a chain at most */
    STRASSEN_ROWS_AHEAD = 4,                         /* of a, to fetch where it is far: */
    STRASSEN_FAR_FLOATS = 1 << 20,                   /* of a, which then lies beyond L2 */
    STRASSEN_LEFT_FLOATS = 400 * GEMM_KC,            /* of left matrices: 600 KiB of L2 */
    STRASSEN_ROWS = GEMM_MR * (GEMM_MR > 6 ? 8 : 20) /* of a half, in an item at most */
};

/* Where row r of an image lies: r / (wide high) image + r / wide % high row + r % wide pixel, its vectors `step`
 * apart. */
typedef struct strassen_rows {
    int64_t wide, high;
    int64_t image, row, pixel, step;
} strassen_rows;

typedef struct strassen {
    const cake_host *host;
    int64_t images, m, k, n; /* rows of an image */
    strassen_rows from;      /* a; images follow each other */
    bool far;                /* a lies beyond L2 */
    int64_t to_image, to_row, to_step;
    int64_t m1, k1, panels; /* of the first halves; k1 whole vectors */
    int64_t kc, lda;
    int64_t row_blocks, panel_blocks; /* of a half of c */
    int64_t rows;                     /* of a row block at most */
    float *left;                      /* [thread][product][rows][lda] */
    float *right;                     /* panels of the block of k, in the order of their use */
    float *bias;                      /* [2][panels GEMM_NR], zero where there is none */
} strassen;

/* A product: which of the left matrices, in strassen_left_row's order, is its own number. */
typedef struct strassen_product {
    int8_t b[4]; /* coefficients of the blocks 11, 12, 21, 22 of b */
    int8_t goal; /* block of c, numbered alike */
    bool first;  /* to be added to it */
} strassen_product;

static const strassen_product strassen_products[STRASSEN_PRODUCTS] = {
    {{1, 0, 0, 0}, 0, true},  {{1, -1, 0, 1}, 1, true},  {{0, -1, 0, 1}, 3, true}, {{-1, 1, 1, -1}, 2, true},
    {{0, 0, 1, 0}, 0, false}, {{-1, 1, 0, 0}, 3, false}, {{0, 0, 0, 1}, 1, false},
};

static const struct {
    int first, count; /* products */
} strassen_chains[STRASSEN_CHAINS] = {{0, 4}, {4, 1}, {5, 2}};

static void strassen_close(void *ctx)
{
    strassen *s = ctx;
    const cake_host *host = s->host;

    workspace_free(host, s->left);
    workspace_free(host, s->right);
    workspace_free(host, s->bias);
    host->free(host, s);
}

/* Where a panel of a right matrix lies: in the order of use, which is a block of k after the other, in it a group of
 * panels after the other, in that the chains. */
static inline int64_t strassen_right_at(const strassen *s, int64_t k0, int64_t depth, int chain, int j, int64_t panel)
{
    int64_t first = panel / STRASSEN_GROUP * STRASSEN_GROUP, left = s->panels - first;
    int64_t group = left < STRASSEN_GROUP ? left : STRASSEN_GROUP;
    int64_t before = STRASSEN_PRODUCTS * first + strassen_chains[chain].first * group +
                     (panel - first) * strassen_chains[chain].count + j;

    return (k0 * STRASSEN_PRODUCTS * s->panels + before * depth) * GEMM_NR;
}

/* Add up element [k][n] of a product's right matrix. w: [n][k], rows ldw apart. */
static float strassen_right(const strassen *s, const strassen_product *product, const float *w, int64_t ldw,
                            int64_t k, int64_t n)
{
    double sum = 0;

    for (int block = 0; block < 4; block++) {
        int64_t row = k + block / 2 * s->k1, column = n + block % 2 * s->panels * GEMM_NR;
        if (row < s->k && column < s->n)
            sum += product->b[block] * (double)w[column * ldw + row];
    }
    return (float)sum;
}

static void strassen_pack(const strassen *s, const float *w, int64_t ldw)
{
    for (int64_t k0 = 0; k0 < s->k1; k0 += s->kc) {
        int64_t depth = s->k1 - k0 < s->kc ? s->k1 - k0 : s->kc;
        for (int chain = 0; chain < STRASSEN_CHAINS; chain++)
            for (int64_t panel = 0; panel < s->panels; panel++)
                for (int j = 0; j < strassen_chains[chain].count; j++) {
                    const strassen_product *product = &strassen_products[strassen_chains[chain].first + j];
                    float *to = s->right + strassen_right_at(s, k0, depth, chain, j, panel);
                    for (int64_t n = 0; n < GEMM_NR; n++)
                        for (int64_t k = 0; k < depth; k++)
                            to[k * GEMM_NR + n] = strassen_right(s, product, w, ldw, k0 + k, panel * GEMM_NR + n);
                }
    }
}

/* Cut the halves of c: rows as the left matrices fit into L2, or as many as may be where the right ones come from memory
 * for each block of rows; and as many items as threads, in equal shares, where the work allows: rows first, since each
 * block of panels makes its left matrices. */
static void strassen_cut(strassen *s, int64_t threads)
{
    int64_t tiles = (s->m1 + GEMM_MR - 1) / GEMM_MR, fit = STRASSEN_LEFT_FLOATS / (STRASSEN_PRODUCTS * s->lda);
    int64_t right = STRASSEN_PRODUCTS * s->k1 * s->panels * GEMM_NR * (int64_t)sizeof(float), others;

    fit = fit > STRASSEN_ROWS ? STRASSEN_ROWS : fit < GEMM_MR ? GEMM_MR : fit / GEMM_MR * GEMM_MR;
    if (s->host->l3_bytes > 0 && right > s->host->l3_bytes / 2)
        fit = 2 * STRASSEN_ROWS;
    s->row_blocks = (s->m1 + fit - 1) / fit;
    while (s->images * s->row_blocks % threads != 0 && s->images * s->row_blocks < 4 * threads &&
           s->row_blocks < tiles)
        s->row_blocks++;
    others = s->images * s->row_blocks;
    s->panel_blocks = others < 4 * threads && others % threads != 0 ? threads : 1;
    if (s->panel_blocks > s->panels)
        s->panel_blocks = s->panels;
    s->rows = (s->m1 + s->row_blocks - 1) / s->row_blocks;
}

/* `s` holds the sizes and places; takes ownership of it. w: [n][k], rows ldw apart. */
static int32_t strassen_open(strassen *s, const float *w, int64_t ldw, const float *bias, int threads, void **ctx)
{
    int64_t columns;

    s->far = s->images * s->m * s->k > STRASSEN_FAR_FLOATS;
    s->m1 = (s->m + 1) / 2;
    s->k1 = ((s->k + 1) / 2 + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    s->panels = (gemm_panels(s->n) + 1) / 2;
    s->kc = (gemm_k_block(s->k1) + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    s->lda = gemm_rows_collide(s->kc) ? s->kc + VEC_LANES : s->kc;
    columns = s->panels * GEMM_NR;
    strassen_cut(s, threads);
    s->left = workspace_floats(s->host, threads * STRASSEN_PRODUCTS * s->rows * s->lda);
    s->right = workspace_floats(s->host, STRASSEN_PRODUCTS * s->k1 * columns);
    s->bias = workspace_floats(s->host, 2 * columns);
    if (!s->left || !s->right || !s->bias) {
        strassen_close(s);
        return CAKE_NO_MEMORY;
    }
    strassen_pack(s, w, ldw);
    for (int64_t i = 0; bias && i < s->n; i++)
        s->bias[i] = bias[i];
    *ctx = s;
    return CAKE_DONE;
}

#endif
