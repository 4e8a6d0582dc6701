#include "common/vec/vec_avx2.h"

#include "common/kernels/moments.inc.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "moments_test.inc.h"
