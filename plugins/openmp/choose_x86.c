#include "openmp/choose.h"

const cake_kernel_table *cake_openmp_choose(uint64_t isa)
{
    if (isa & CAKE_ISA_AVX512)
        return &cake_kernels_avx512;
    return isa & CAKE_ISA_AVX2 ? &cake_kernels_avx2 : &cake_kernels_portable;
}
