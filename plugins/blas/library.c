#include "blas/library.h"

#include BLAS_HEADER

/* c of one row: op(b) times the row a. */
static void row_product(const blas_product *p)
{
    const int n = (int)p->n, k = (int)p->k, ldb = (int)p->ldb;

    if (p->b_transposed)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, p->alpha, p->b, ldb, p->a, 1, p->beta, p->c, 1);
    else
        cblas_sgemv(CblasRowMajor, CblasTrans, k, n, p->alpha, p->b, ldb, p->a, 1, p->beta, p->c, 1);
}

/* c of one column: a times the column b. */
static void column_product(const blas_product *p)
{
    const int m = (int)p->m, k = (int)p->k, step = p->b_transposed ? 1 : (int)p->ldb;

    cblas_sgemv(CblasRowMajor, CblasNoTrans, m, k, p->alpha, p->a, (int)p->lda, p->b, step, p->beta, p->c,
                (int)p->ldc);
}

static void matrix_product(const blas_product *p)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans, (int)p->m, (int)p->n,
                (int)p->k, p->alpha, p->a, (int)p->lda, p->b, (int)p->ldb, p->beta, p->c, (int)p->ldc);
}

/* BLIS 0.9's kernels for small products on AVX2 read beyond the end of their operands at some remainders, as running
 * them against guard pages shows: up to two floats beyond the last row of c, or a row beyond the last of a. */
static int reads_beyond(const blas_product *p)
{
    return library_is_blis() && (p->n % 4 >= 2 || (p->b_transposed && p->m % 3 == 1 && p->k % 8 != 0));
}

/* OpenBLAS packs op(b) anew in each product. With few rows that costs more than it gives: of 2048 columns of 512, two
 * rows run at 16 GFLOP/s and at 39 as vectors, six at 35 and 39, eight at 46 and 39. It has kernels that do not pack
 * for what is small. */
static int few_rows(const blas_product *p)
{
    return !library_is_blis() && p->b_transposed && p->m <= 6 && p->m * p->n * p->k > 600000;
}

void library_product(const blas_product *p)
{
    if (p->m == 1) {
        row_product(p);
    } else if (few_rows(p)) {
        for (int64_t i = 0; i < p->m; i++) {
            blas_product row = *p;

            row.m = 1;
            row.a += i * p->lda;
            row.c += i * p->ldc;
            row_product(&row);
        }
    } else if (p->n == 1) {
        column_product(p);
    } else if (!reads_beyond(p)) {
        matrix_product(p);
    } else { /* the last row apart: what is read beyond the others is there */
        blas_product others = *p, last = *p;

        others.m = p->m - 1;
        last.m = 1;
        last.a = p->a + others.m * p->lda;
        last.c = p->c + others.m * p->ldc;
        if (others.m == 1)
            row_product(&others);
        else
            matrix_product(&others);
        row_product(&last);
    }
}
