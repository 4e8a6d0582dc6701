#include "openmp/choose.h"

const cake_kernel_table *cake_openmp_choose(uint64_t isa)
{
    (void)isa;
    return &cake_kernels_portable;
}
