#include "common/vec/vec_avx512.h"

#define VEC_SUPPORTED (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
#include "vec_math_test.inc.h"
