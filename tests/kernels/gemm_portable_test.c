#include "common/vec/vec_portable.h"

#include "common/kernels/gemm_in_place.inc.h"

#define VEC_SUPPORTED 1
#include "gemm_test.inc.h"
