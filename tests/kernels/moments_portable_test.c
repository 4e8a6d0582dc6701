#include "common/vec/vec_portable.h"

#include "common/kernels/moments.inc.h"

#define VEC_SUPPORTED 1
#include "moments_test.inc.h"
