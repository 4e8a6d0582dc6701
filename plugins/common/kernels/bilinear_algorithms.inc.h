/* Products of matrices with fewer multiplications, as tables. Part of bilinear.inc.h, which has the method.
 *
 * a is cut into 2 x k blocks, b into k x n, c into 2 x n, each numbered row by row. */
#ifndef LAYERCAKE_PLUGINS_COMMON_BILINEAR_ALGORITHMS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_BILINEAR_ALGORITHMS_INC_H

#include <stdint.h>

#include "common/kernels/gemm.inc.h"

enum {
    BILINEAR_K = 4, /* cuts at most */
    BILINEAR_N = 4,
    BILINEAR_CHAIN = 7, /* products of a chain at most */
    STRASSEN_PRODUCTS = 7,
    HOPCROFT_KERR_ROUND = 13, /* products of the first round */
    HOPCROFT_KERR_PRODUCTS = 26
};

typedef struct bilinear_product {
    int8_t a[2 * BILINEAR_K];          /* coefficients of the blocks, each -1, 0 or 1; one is 1 */
    int8_t b[BILINEAR_K * BILINEAR_N]; /* each -1, 0 or 1 */
    int goal;                          /* block of c, counted from 1, negative: to subtract from; 0: none */
} bilinear_product;

typedef struct bilinear_algorithm {
    int k, n; /* cuts */
    int products, chains, rounds;
    int depth; /* of a block of k at most; whole vectors, no more than GEMM_KC */
    const bilinear_product *product;
    const int *chain; /* first product of each chain, and the end */
    const int *round; /* first chain of each round, and the end */
} bilinear_algorithm;

/* Strassen's algorithm (V. Strassen, "Gaussian Elimination is not Optimal", Numerische Mathematik 13, 1969) in S.
 * Winograd's form: 7 products for 8. */
static const bilinear_product strassen_products[] = {
    {{1, 0, 0, 0}, {1, 0, 0, 0}, 1},   {{-1, 0, 1, 1}, {1, -1, 0, 1}, 2}, {{1, 0, -1, 0}, {0, -1, 0, 1}, 4},
    {{0, 0, 0, 1}, {-1, 1, 1, -1}, 3}, {{0, 1, 0, 0}, {0, 0, 1, 0}, 1},   {{0, 0, 1, 1}, {-1, 1, 0, 0}, 4},
    {{1, 1, -1, -1}, {0, 0, 0, 1}, 2},
};
static const int strassen_chains[] = {0, 4, 5, STRASSEN_PRODUCTS}, strassen_rounds[] = {0, 3};
static const bilinear_algorithm bilinear_strassen = {
    .k = 2,
    .n = 2,
    .products = STRASSEN_PRODUCTS,
    .chains = 3,
    .rounds = 1,
    .depth = GEMM_KC,
    .product = strassen_products,
    .chain = strassen_chains,
    .round = strassen_rounds,
};

/* 26 products for 32, which suffice by J. E. Hopcroft and L. R. Kerr, "On Minimizing the Number of Multiplications
 * Necessary for Matrix Multiplication", SIAM J. Appl. Math. 20, 1971. Of the many sets of 26 this one was found by a
 * random walk among them (M. Kauers and J. Moosbauer, "Flip Graphs for Matrix Multiplication", 2022), as one whose chains
 * need few additions to c, 24, and to a, 36. */
static const bilinear_product hopcroft_kerr_products[] = {
    {{0, 1, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 1},
    {{0, 1, 0, 1, 0, -1, 0, 0}, {0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, -1}, 5},
    {{0, 0, 0, 0, 0, 1, 0, 0}, {0, 0, 0, 0, -1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 7},
    {{0, 1, -1, 0, 0, -1, 0, 0}, {0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0}, 3},
    {{0, 1, -1, 0, 0, 0, 0, 0}, {0, 1, 0, 0, 0, -1, -1, 0, -1, 0, 0, 0, 0, 0, 0, 0}, -2},
    {{0, 1, -1, 0, 0, -1, 1, 0}, {0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0}, -6},
    {{0, 1, 0, 1, 1, 0, -1, 0}, {0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0, 0}, -4},
    {{0, 1, 0, 1, 0, -1, 0, -1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, 1}, -8},
    {{0, 0, 0, 0, 1, 1, -1, 0}, {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
    {{0, 0, 0, 0, 0, 0, 0, 1}, {-1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 1, 0, -1, 1}, 5},
    {{0, 0, 0, 0, 0, 0, 0, 1}, {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0, 0}, -6},
    {{1, 0, 0, 0, -1, 0, 0, 0}, {0, -1, 0, -1, 0, 0, 0, 0, 1, 0, 0, -1, 0, 1, 1, 0}, 8},
    {{0, 0, 0, 0, 0, 0, 1, 0}, {0, 0, 1, -1, 0, 0, 0, 0, 0, 0, 1, -1, 0, 0, 0, 0}, 7},
    {{0, 1, -1, 0, 1, 0, 0, 1}, {0, 1, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0}, 6},
    {{1, 0, 0, 1, -1, 0, 0, -1}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}, 2},
    {{0, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, -1, 0, 0, 0, -1, 0, 0, 0, 1, -1, -1, 0}, 0},
    {{1, 1, -1, 0, 0, 0, 0, 0}, {0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1},
    {{0, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 1}, 4},
    {{0, 1, 0, 0, 0, -1, 0, 0}, {0, 0, 0, 0, 0, -1, 0, -1, -1, -1, 0, 0, 0, 0, -1, 1}, -2},
    {{0, 0, 1, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0}, 3},
    {{0, 0, 0, 0, 1, 0, 0, 1}, {1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, 5},
    {{1, 0, 0, 0, -1, 0, 0, -1}, {1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 0}, 1},
    {{1, 0, 0, 0, 0, 0, 0, 0}, {-1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 3},
    {{1, 0, 0, 0, -1, 0, 1, 0}, {0, 0, -1, 1, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0}, 7},
    {{0, 0, 0, 0, 1, 0, -1, 0}, {0, 0, -1, 1, 0, 0, 0, -1, -1, 0, 0, 0, 0, 0, 0, 0}, 8},
    {{1, 0, -1, 0, -1, 0, 1, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, -1, 0, 0, 0, 0}, 4},
};
static const int hopcroft_kerr_chains[] = {0, 6, HOPCROFT_KERR_ROUND, 20, HOPCROFT_KERR_PRODUCTS};
static const int hopcroft_kerr_rounds[] = {0, 2, 4};
static const bilinear_algorithm bilinear_hopcroft_kerr = {
    .k = 4,
    .n = 4,
    .products = HOPCROFT_KERR_PRODUCTS,
    .chains = 4,
    .rounds = 2,
    .depth = 2 * GEMM_KC / 3,
    .product = hopcroft_kerr_products,
    .chain = hopcroft_kerr_chains,
    .round = hopcroft_kerr_rounds,
};

#endif
