#include "blas/blas.h"

const blas_rows *blas_rows_for(const cake_host *host)
{
    if (host->isa & CAKE_ISA_AVX512)
        return &rows_avx512;
    return host->isa & CAKE_ISA_AVX2 ? &rows_avx2 : &rows_portable;
}
