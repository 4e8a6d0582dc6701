#include "blas/library.h"

#include BLAS_HEADER

void library_product(const blas_product *p)
{
    const int m = (int)p->m, n = (int)p->n, k = (int)p->k;
    const int lda = (int)p->lda, ldb = (int)p->ldb, ldc = (int)p->ldc;

    if (m == 1 && p->b_transposed)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, n, k, p->alpha, p->b, ldb, p->a, 1, p->beta, p->c, 1);
    else if (m == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, k, n, p->alpha, p->b, ldb, p->a, 1, p->beta, p->c, 1);
    else if (n == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, m, k, p->alpha, p->a, lda, p->b, p->b_transposed ? 1 : ldb, p->beta,
                    p->c, ldc);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, p->b_transposed ? CblasTrans : CblasNoTrans, m, n, k, p->alpha, p->a,
                    lda, p->b, ldb, p->beta, p->c, ldc);
}
