/* The vector kernels for this CPU. One choose_*.c is compiled. */
#ifndef LAYERCAKE_PLUGINS_OPENMP_CHOOSE_H
#define LAYERCAKE_PLUGINS_OPENMP_CHOOSE_H

#include "common/kernels/tables.h"

const cake_kernel_table *cake_openmp_choose(uint64_t isa);

#endif
