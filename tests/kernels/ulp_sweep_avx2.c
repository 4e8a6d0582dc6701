#include "common/vec/vec_avx2.h"
#include "ulp_sweep.inc.h"
