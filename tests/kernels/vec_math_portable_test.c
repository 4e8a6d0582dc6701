#include "common/vec/vec_portable.h"

#define VEC_SUPPORTED 1
#include "vec_math_test.inc.h"
