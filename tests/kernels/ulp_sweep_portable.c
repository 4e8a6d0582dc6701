#include "common/vec/vec_portable.h"
#include "ulp_sweep.inc.h"
