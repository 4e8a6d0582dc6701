#include "common/vec/vec_portable.h"

#include "blas/rows.inc.h"

const blas_rows rows_portable = ROWS_TABLE;
