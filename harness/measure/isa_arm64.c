/* Advanced SIMD is part of every 64-bit Arm CPU that runs Linux. */
#include "isa.h"

#include "layercake/plugin.h"

uint64_t cake_isa_detect(void)
{
    return CAKE_ISA_NEON;
}
