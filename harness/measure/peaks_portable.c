/* 128-bit vectors through GCC's extension: what each architecture has at least (SSE2, NEON). Compiled so that a
 * multiplication and an addition become one instruction where there is one. The compiler may not reorder sums of
 * floats, and an empty assembly statement that may read and write all memory keeps it from skipping passes. */
#include "measure/peaks_kernels.h"

#include <string.h>

typedef float vector __attribute__((vector_size(16)));

enum { CHAINS = 12, FLOATS = 4 };

static vector splat(float x)
{
    return (vector){x, x, x, x};
}

/* Chains enough to hide the latency of each operation. */
static double fma_f32(void *memory, size_t bytes, int64_t repeats)
{
    volatile float source = 1e-3F;
    vector sum[CHAINS] = {splat(0)}, x = splat(source);
    volatile float sink;

    (void)memory, (void)bytes;
    for (int64_t i = 0; i < repeats; i++)
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            sum[c] = sum[c] * x + x;
    for (int c = 1; c < CHAINS; c++)
        sum[0] += sum[c];
    sink = sum[0][0];
    (void)sink;
    return 2.0 * FLOATS * CHAINS * (double)repeats;
}

static double read_bytes(void *memory, size_t bytes, int64_t repeats)
{
    const vector *v = memory;
    vector sum[8] = {splat(0)};
    volatile float sink;

    for (int64_t i = 0; i < repeats; i++) {
        for (size_t k = 0; k < bytes / sizeof *v; k += 8)
#pragma GCC unroll 8
            for (size_t j = 0; j < 8; j++)
                sum[j] += v[k + j];
        __asm__ volatile("" : : : "memory");
    }
    for (int c = 1; c < 8; c++)
        sum[0] += sum[c];
    sink = sum[0][0];
    (void)sink;
    return (double)bytes * (double)repeats;
}

static double write_bytes(void *memory, size_t bytes, int64_t repeats)
{
    vector *v = memory;

    for (int64_t i = 0; i < repeats; i++) {
        for (size_t k = 0; k < bytes / sizeof *v; k += 8)
#pragma GCC unroll 8
            for (size_t j = 0; j < 8; j++)
                v[k + j] = splat(1);
        __asm__ volatile("" : : : "memory");
    }
    return (double)bytes * (double)repeats;
}

/* The second half from the first; both are counted. */
static double copy_bytes(void *memory, size_t bytes, int64_t repeats)
{
    char *half = (char *)memory + bytes / 2;

    for (int64_t i = 0; i < repeats; i++) {
        memcpy(half, memory, bytes / 2);
        __asm__ volatile("" : : : "memory");
    }
    return (double)bytes * (double)repeats;
}

const cake_peak_kernel cake_peak_kernels_portable[] = {
    {"f32_fma", "128-bit", 0, "GFLOP/s", fma_f32},
    {"read", "128-bit", 0, "GB/s", read_bytes},
    {"write", "128-bit", 0, "GB/s", write_bytes},
    {"copy", "128-bit", 0, "GB/s", copy_bytes},
    {NULL, NULL, 0, NULL, NULL},
};
