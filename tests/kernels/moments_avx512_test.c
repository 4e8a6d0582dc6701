#include "common/vec/vec_avx512.h"

#include "common/kernels/moments.inc.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
#include "moments_test.inc.h"
