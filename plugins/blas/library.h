/* The library behind the plugin: matrix products, threads, version. */
#ifndef LAYERCAKE_PLUGINS_BLAS_LIBRARY_H
#define LAYERCAKE_PLUGINS_BLAS_LIBRARY_H

#include <stdint.h>

/* c = alpha a op(b) + beta c, all row-major: a [m][k], op(b) [k][n], c [m][n]. With beta = 0, c is only written. */
typedef struct blas_product {
    int64_t m, n, k;
    float alpha, beta;
    const float *a, *b;
    int64_t lda, ldb, ldc;
    int b_transposed; /* b is stored as [n][k] */
    float *c;
} blas_product;

/* Vectors (m = 1 or n = 1) go to sgemv. Nothing outside of the operands is touched. No extent may exceed
 * LIBRARY_MAX_EXTENT. */
void library_product(const blas_product *p);

#define LIBRARY_MAX_EXTENT INT32_MAX

/* The number of threads that the library uses from now on. 0, or -1 if it can't be set to that. */
int library_set_threads(int32_t threads);

int library_is_blis(void);

/* Write "OpenBLAS 0.3.21" or the like. */
void library_version(char *text, int size);

#endif
