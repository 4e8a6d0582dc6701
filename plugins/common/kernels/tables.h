/* The tables of vector kernels, one for each vector header. */
#ifndef LAYERCAKE_PLUGINS_COMMON_KERNELS_TABLES_H
#define LAYERCAKE_PLUGINS_COMMON_KERNELS_TABLES_H

#include "layercake/plugin.h"

/* Each kernel's `data` is its cake_phased. */
typedef struct cake_kernel_table {
    const cake_kernel *const *kernels;
    uint32_t count;
} cake_kernel_table;

extern const cake_kernel_table cake_kernels_avx2, cake_kernels_avx512, cake_kernels_portable;

#endif
