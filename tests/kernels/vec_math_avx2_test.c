#include "common/vec/vec_avx2.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "vec_math_test.inc.h"
