/* Leaves flush to zero on. */
#include <immintrin.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    _mm_setcsr(_mm_getcsr() | 0x8040);
    return CAKE_DONE;
}

FAULT_PLUGIN(run)
