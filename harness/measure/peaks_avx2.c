/* 256-bit vectors. In assembly, so that each turn is exactly what it says. */
#include <immintrin.h>

#include "layercake/plugin.h"
#include "measure/peaks_kernels.h"

/* Twelve chains hide the latency of 4 or 5 cycles of two units. */
static double fma_f32(void *memory, size_t bytes, int64_t repeats)
{
    __m256 x = _mm256_set1_ps(1e-3F), z = _mm256_setzero_ps();
    __m256 a = z, b = z, c = z, d = z, e = z, f = z, g = z, h = z, i = z, j = z, k = z, l = z;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("vfmadd231ps %12, %12, %0\n\tvfmadd231ps %12, %12, %1\n\t"
                         "vfmadd231ps %12, %12, %2\n\tvfmadd231ps %12, %12, %3\n\t"
                         "vfmadd231ps %12, %12, %4\n\tvfmadd231ps %12, %12, %5\n\t"
                         "vfmadd231ps %12, %12, %6\n\tvfmadd231ps %12, %12, %7\n\t"
                         "vfmadd231ps %12, %12, %8\n\tvfmadd231ps %12, %12, %9\n\t"
                         "vfmadd231ps %12, %12, %10\n\tvfmadd231ps %12, %12, %11"
                         : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h), "+x"(i), "+x"(j),
                           "+x"(k), "+x"(l)
                         : "x"(x));
    return 2.0 * 8 * 12 * (double)repeats;
}

/* Products of bytes summed in fours, as the int8 kernels of CPUs without VNNI do: 32 multiply-adds in three
 * instructions, four chains of them. */
static double dot_int8(void *memory, size_t bytes, int64_t repeats)
{
    __m256i x = _mm256_set1_epi8(1), ones = _mm256_set1_epi16(1), z = _mm256_setzero_si256();
    __m256i a = z, b = z, c = z, d = z, e = z, f = z, g = z, h = z;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("vpmaddubsw %8, %8, %4\n\tvpmaddubsw %8, %8, %5\n\t"
                         "vpmaddubsw %8, %8, %6\n\tvpmaddubsw %8, %8, %7\n\t"
                         "vpmaddwd %9, %4, %4\n\tvpmaddwd %9, %5, %5\n\t"
                         "vpmaddwd %9, %6, %6\n\tvpmaddwd %9, %7, %7\n\t"
                         "vpaddd %4, %0, %0\n\tvpaddd %5, %1, %1\n\t"
                         "vpaddd %6, %2, %2\n\tvpaddd %7, %3, %3"
                         : "+x"(a), "+x"(b), "+x"(c), "+x"(d), "+x"(e), "+x"(f), "+x"(g), "+x"(h)
                         : "x"(x), "x"(ones));
    return 2.0 * 32 * 4 * (double)repeats;
}

/* The clock: a multiplication of 64-bit integers takes three cycles on Intel's CPUs since 2008 and AMD's since 2017
 * (Fog, "Instruction tables"), and each here waits for the one before. Shorter chains, of additions, some CPUs fold.
 */
static double clock_cycles(void *memory, size_t bytes, int64_t repeats)
{
    uint64_t x = 3;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0\n\t"
                         "imul %0, %0\n\timul %0, %0\n\timul %0, %0\n\timul %0, %0"
                         : "+r"(x));
    return 3.0 * 8 * (double)repeats;
}

#define SUMS "ymm0", "ymm1", "ymm2", "ymm3", "ymm4", "ymm5", "ymm6", "ymm7"

static double read_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (const char *p = memory, *end = p + bytes; p < end; p += 256)
            __asm__ volatile("vmovaps (%0), %%ymm0\n\tvmovaps 32(%0), %%ymm1\n\t"
                             "vmovaps 64(%0), %%ymm2\n\tvmovaps 96(%0), %%ymm3\n\t"
                             "vmovaps 128(%0), %%ymm4\n\tvmovaps 160(%0), %%ymm5\n\t"
                             "vmovaps 192(%0), %%ymm6\n\tvmovaps 224(%0), %%ymm7"
                             :
                             : "r"(p)
                             : "memory", SUMS);
    return (double)bytes * (double)repeats;
}

static double write_bytes(void *memory, size_t bytes, int64_t repeats)
{
    __m256 x = _mm256_set1_ps(1);

    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes; p < end; p += 256)
            __asm__ volatile("vmovaps %1, (%0)\n\tvmovaps %1, 32(%0)\n\t"
                             "vmovaps %1, 64(%0)\n\tvmovaps %1, 96(%0)\n\t"
                             "vmovaps %1, 128(%0)\n\tvmovaps %1, 160(%0)\n\t"
                             "vmovaps %1, 192(%0)\n\tvmovaps %1, 224(%0)"
                             :
                             : "r"(p), "x"(x)
                             : "memory");
    return (double)bytes * (double)repeats;
}

/* Past the caches. */
static double write_nt_bytes(void *memory, size_t bytes, int64_t repeats)
{
    __m256 x = _mm256_set1_ps(1);

    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes; p < end; p += 256)
            __asm__ volatile("vmovntps %1, (%0)\n\tvmovntps %1, 32(%0)\n\t"
                             "vmovntps %1, 64(%0)\n\tvmovntps %1, 96(%0)\n\t"
                             "vmovntps %1, 128(%0)\n\tvmovntps %1, 160(%0)\n\t"
                             "vmovntps %1, 192(%0)\n\tvmovntps %1, 224(%0)"
                             :
                             : "r"(p), "x"(x)
                             : "memory");
    _mm_sfence();
    return (double)bytes * (double)repeats;
}

/* The second half from the first; both are counted. */
static double copy_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes / 2; p < end; p += 128)
            __asm__ volatile("vmovaps (%0), %%ymm0\n\tvmovaps 32(%0), %%ymm1\n\t"
                             "vmovaps 64(%0), %%ymm2\n\tvmovaps 96(%0), %%ymm3\n\t"
                             "vmovaps %%ymm0, (%1)\n\tvmovaps %%ymm1, 32(%1)\n\t"
                             "vmovaps %%ymm2, 64(%1)\n\tvmovaps %%ymm3, 96(%1)"
                             :
                             : "r"(p), "r"(p + bytes / 2)
                             : "memory", SUMS);
    return (double)bytes * (double)repeats;
}

static double copy_nt_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes / 2; p < end; p += 128)
            __asm__ volatile("vmovaps (%0), %%ymm0\n\tvmovaps 32(%0), %%ymm1\n\t"
                             "vmovaps 64(%0), %%ymm2\n\tvmovaps 96(%0), %%ymm3\n\t"
                             "vmovntps %%ymm0, (%1)\n\tvmovntps %%ymm1, 32(%1)\n\t"
                             "vmovntps %%ymm2, 64(%1)\n\tvmovntps %%ymm3, 96(%1)"
                             :
                             : "r"(p), "r"(p + bytes / 2)
                             : "memory", SUMS);
    _mm_sfence();
    return (double)bytes * (double)repeats;
}

const cake_peak_kernel cake_peak_kernels_avx2[] = {
    {"clock", "avx2", CAKE_ISA_AVX2, "GHz", clock_cycles},
    {"f32_fma", "avx2", CAKE_ISA_AVX2, "GFLOP/s", fma_f32},
    {"int8_dot", "avx2", CAKE_ISA_AVX2, "GOP/s", dot_int8},
    {"read", "avx2", CAKE_ISA_AVX2, "GB/s", read_bytes},
    {"write", "avx2", CAKE_ISA_AVX2, "GB/s", write_bytes},
    {"write_nt", "avx2", CAKE_ISA_AVX2, "GB/s", write_nt_bytes},
    {"copy", "avx2", CAKE_ISA_AVX2, "GB/s", copy_bytes},
    {"copy_nt", "avx2", CAKE_ISA_AVX2, "GB/s", copy_nt_bytes},
    {NULL, NULL, 0, NULL, NULL},
};
