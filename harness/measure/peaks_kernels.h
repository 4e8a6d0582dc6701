/* The loops that peaks.c runs to find what the machine can do. Each ISA is a file, compiled for it; which files there
 * are CMake chooses by architecture. */
#ifndef LAYERCAKE_MEASURE_PEAKS_KERNELS_H
#define LAYERCAKE_MEASURE_PEAKS_KERNELS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cake_peak_kernel {
    const char *kind; /* "f32_fma", "read"; of kinds with memory traffic the widest ISA is measured only */
    const char *isa;
    uint64_t needs; /* CAKE_ISA_... */
    const char *unit;
    /* Do `repeats` turns, over `bytes` of memory (a multiple of 1024, 64-byte aligned) where the kind is one of
     * traffic. Returns the work done, in units: operations, bytes or clock cycles. */
    double (*run)(void *memory, size_t bytes, int64_t repeats);
} cake_peak_kernel;

/* Tables of this architecture, the widest ISA first; NULL-terminated, as each table ends with kind NULL. */
extern const cake_peak_kernel *const cake_peak_tables[];

extern const cake_peak_kernel cake_peak_kernels_portable[];
extern const cake_peak_kernel cake_peak_kernels_avx2[];
extern const cake_peak_kernel cake_peak_kernels_avx512[];

#endif
