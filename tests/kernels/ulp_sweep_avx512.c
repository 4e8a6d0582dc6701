#include "common/vec/vec_avx512.h"
#include "ulp_sweep.inc.h"
