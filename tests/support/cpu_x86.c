#include "host.h"

uint64_t cake_test_cpu_isa(void)
{
    uint64_t isa = 0;

    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
        __builtin_cpu_supports("bmi2"))
        isa |= CAKE_ISA_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        isa |= CAKE_ISA_AVX512;
    if (__builtin_cpu_supports("avx512bf16"))
        isa |= CAKE_ISA_AVX512_BF16;
    if (__builtin_cpu_supports("avx512vnni"))
        isa |= CAKE_ISA_AVX512_VNNI;
    return isa;
}
