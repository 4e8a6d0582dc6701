#include "common/vec/vec_avx2.h"

#include "common/kernels/gemm_in_place.inc.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "gemm_test.inc.h"
