#include "common/vec/vec_avx512.h"

#include "blas/rows.inc.h"

const blas_rows rows_avx512 = ROWS_TABLE;
