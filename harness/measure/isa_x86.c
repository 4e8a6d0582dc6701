/* x86: CPUID says what the CPU has, XCR0 which registers the system saves at a task switch. Bits from Intel's
 * Software Developer's Manual, volume 2A, CPUID, and volume 1, chapter 13. */
#include "isa.h"

#include <cpuid.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "layercake/plugin.h"

/* arch_prctl(ARCH_REQ_XCOMP_PERM, XTILEDATA): Linux, Documentation/arch/x86/xstate.rst. */
enum { REQUEST_STATE_PERMISSION = 0x1023, STATE_TILE_DATA = 18 };

static uint64_t saved_state(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static bool all(uint64_t word, uint64_t bits)
{
    return (word & bits) == bits;
}

static uint64_t bit(int n)
{
    return UINT64_C(1) << n;
}

uint64_t cake_isa_detect(void)
{
    unsigned a, b, c, d, c1, b7, c7, d7, a71;
    uint64_t state, isa = 0;

    if (!__get_cpuid(1, &a, &b, &c1, &d) || !all(c1, bit(27) /* OSXSAVE */) ||
        !__get_cpuid_count(7, 0, &a, &b7, &c7, &d7))
        return 0;
    if (!__get_cpuid_count(7, 1, &a71, &b, &c, &d))
        a71 = 0;
    state = saved_state();

    if (all(c1, bit(12) /* FMA */ | bit(28) /* AVX */ | bit(29) /* F16C */) &&
        all(b7, bit(5) /* AVX2 */ | bit(3) /* BMI1 */ | bit(8) /* BMI2 */) && all(state, bit(1) | bit(2)))
        isa |= CAKE_ISA_AVX2;
    if (all(b7, bit(16) /* F */ | bit(17) /* DQ */ | bit(28) /* CD */ | bit(30) /* BW */ | bit(31) /* VL */) &&
        all(state, bit(1) | bit(2) | bit(5) | bit(6) | bit(7))) {
        isa |= CAKE_ISA_AVX512;
        if (all(a71, bit(5)))
            isa |= CAKE_ISA_AVX512_BF16;
        if (all(c7, bit(11)))
            isa |= CAKE_ISA_AVX512_VNNI;
    }
    if (all(d7, bit(22) /* bf16 */ | bit(24) /* tile */ | bit(25) /* int8 */) && all(state, bit(17) | bit(18)) &&
        syscall(SYS_arch_prctl, REQUEST_STATE_PERMISSION, STATE_TILE_DATA) == 0)
        isa |= CAKE_ISA_AMX;
    return isa;
}
