#include "common/vec/vec_avx512.h"

#include "common/kernels/gemm_in_place.inc.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
#include "gemm_test.inc.h"
