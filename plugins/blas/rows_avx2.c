#include "common/vec/vec_avx2.h"

#include "blas/rows.inc.h"

const blas_rows rows_avx2 = ROWS_TABLE;
