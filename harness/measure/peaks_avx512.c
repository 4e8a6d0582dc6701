/* 512-bit vectors. In assembly, so that each turn is exactly what it says. */
#include <immintrin.h>

#include "layercake/plugin.h"
#include "measure/peaks_kernels.h"

/* Fourteen chains: as many as an assembly statement has operands for. */
static double fma_f32(void *memory, size_t bytes, int64_t repeats)
{
    __m512 x = _mm512_set1_ps(1e-3F), z = _mm512_setzero_ps();
    __m512 a = z, b = z, c = z, d = z, e = z, f = z, g = z, h = z, i = z, j = z, k = z, l = z, m = z, n = z;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("vfmadd231ps %14, %14, %0\n\tvfmadd231ps %14, %14, %1\n\t"
                         "vfmadd231ps %14, %14, %2\n\tvfmadd231ps %14, %14, %3\n\t"
                         "vfmadd231ps %14, %14, %4\n\tvfmadd231ps %14, %14, %5\n\t"
                         "vfmadd231ps %14, %14, %6\n\tvfmadd231ps %14, %14, %7\n\t"
                         "vfmadd231ps %14, %14, %8\n\tvfmadd231ps %14, %14, %9\n\t"
                         "vfmadd231ps %14, %14, %10\n\tvfmadd231ps %14, %14, %11\n\t"
                         "vfmadd231ps %14, %14, %12\n\tvfmadd231ps %14, %14, %13"
                         : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j),
                           "+v"(k), "+v"(l), "+v"(m), "+v"(n)
                         : "v"(x));
    return 2.0 * 16 * 14 * (double)repeats;
}

/* Products of pairs of bf16 numbers, summed in f32. */
static double dot_bf16(void *memory, size_t bytes, int64_t repeats)
{
    __m512 x = _mm512_setzero_ps(), z = _mm512_setzero_ps();
    __m512 a = z, b = z, c = z, d = z, e = z, f = z, g = z, h = z, i = z, j = z, k = z, l = z, m = z, n = z;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("vdpbf16ps %14, %14, %0\n\tvdpbf16ps %14, %14, %1\n\t"
                         "vdpbf16ps %14, %14, %2\n\tvdpbf16ps %14, %14, %3\n\t"
                         "vdpbf16ps %14, %14, %4\n\tvdpbf16ps %14, %14, %5\n\t"
                         "vdpbf16ps %14, %14, %6\n\tvdpbf16ps %14, %14, %7\n\t"
                         "vdpbf16ps %14, %14, %8\n\tvdpbf16ps %14, %14, %9\n\t"
                         "vdpbf16ps %14, %14, %10\n\tvdpbf16ps %14, %14, %11\n\t"
                         "vdpbf16ps %14, %14, %12\n\tvdpbf16ps %14, %14, %13"
                         : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j),
                           "+v"(k), "+v"(l), "+v"(m), "+v"(n)
                         : "v"(x));
    return 2.0 * 32 * 14 * (double)repeats;
}

/* Products of bytes, summed in fours in 32 bits. */
static double dot_int8(void *memory, size_t bytes, int64_t repeats)
{
    __m512i x = _mm512_set1_epi8(1), z = _mm512_setzero_si512();
    __m512i a = z, b = z, c = z, d = z, e = z, f = z, g = z, h = z, i = z, j = z, k = z, l = z, m = z, n = z;

    (void)memory, (void)bytes;
    for (int64_t r = 0; r < repeats; r++)
        __asm__ volatile("vpdpbusd %14, %14, %0\n\tvpdpbusd %14, %14, %1\n\t"
                         "vpdpbusd %14, %14, %2\n\tvpdpbusd %14, %14, %3\n\t"
                         "vpdpbusd %14, %14, %4\n\tvpdpbusd %14, %14, %5\n\t"
                         "vpdpbusd %14, %14, %6\n\tvpdpbusd %14, %14, %7\n\t"
                         "vpdpbusd %14, %14, %8\n\tvpdpbusd %14, %14, %9\n\t"
                         "vpdpbusd %14, %14, %10\n\tvpdpbusd %14, %14, %11\n\t"
                         "vpdpbusd %14, %14, %12\n\tvpdpbusd %14, %14, %13"
                         : "+v"(a), "+v"(b), "+v"(c), "+v"(d), "+v"(e), "+v"(f), "+v"(g), "+v"(h), "+v"(i), "+v"(j),
                           "+v"(k), "+v"(l), "+v"(m), "+v"(n)
                         : "v"(x));
    return 2.0 * 64 * 14 * (double)repeats;
}

#define SUMS "zmm0", "zmm1", "zmm2", "zmm3", "zmm4", "zmm5", "zmm6", "zmm7"

static double read_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (const char *p = memory, *end = p + bytes; p < end; p += 512)
            __asm__ volatile("vmovaps (%0), %%zmm0\n\tvmovaps 64(%0), %%zmm1\n\t"
                             "vmovaps 128(%0), %%zmm2\n\tvmovaps 192(%0), %%zmm3\n\t"
                             "vmovaps 256(%0), %%zmm4\n\tvmovaps 320(%0), %%zmm5\n\t"
                             "vmovaps 384(%0), %%zmm6\n\tvmovaps 448(%0), %%zmm7"
                             :
                             : "r"(p)
                             : "memory", SUMS);
    return (double)bytes * (double)repeats;
}

static double write_bytes(void *memory, size_t bytes, int64_t repeats)
{
    __m512 x = _mm512_set1_ps(1);

    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes; p < end; p += 512)
            __asm__ volatile("vmovaps %1, (%0)\n\tvmovaps %1, 64(%0)\n\t"
                             "vmovaps %1, 128(%0)\n\tvmovaps %1, 192(%0)\n\t"
                             "vmovaps %1, 256(%0)\n\tvmovaps %1, 320(%0)\n\t"
                             "vmovaps %1, 384(%0)\n\tvmovaps %1, 448(%0)"
                             :
                             : "r"(p), "v"(x)
                             : "memory");
    return (double)bytes * (double)repeats;
}

/* Past the caches. */
static double write_nt_bytes(void *memory, size_t bytes, int64_t repeats)
{
    __m512 x = _mm512_set1_ps(1);

    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes; p < end; p += 512)
            __asm__ volatile("vmovntps %1, (%0)\n\tvmovntps %1, 64(%0)\n\t"
                             "vmovntps %1, 128(%0)\n\tvmovntps %1, 192(%0)\n\t"
                             "vmovntps %1, 256(%0)\n\tvmovntps %1, 320(%0)\n\t"
                             "vmovntps %1, 384(%0)\n\tvmovntps %1, 448(%0)"
                             :
                             : "r"(p), "v"(x)
                             : "memory");
    _mm_sfence();
    return (double)bytes * (double)repeats;
}

/* The second half from the first; both are counted. */
static double copy_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes / 2; p < end; p += 256)
            __asm__ volatile("vmovaps (%0), %%zmm0\n\tvmovaps 64(%0), %%zmm1\n\t"
                             "vmovaps 128(%0), %%zmm2\n\tvmovaps 192(%0), %%zmm3\n\t"
                             "vmovaps %%zmm0, (%1)\n\tvmovaps %%zmm1, 64(%1)\n\t"
                             "vmovaps %%zmm2, 128(%1)\n\tvmovaps %%zmm3, 192(%1)"
                             :
                             : "r"(p), "r"(p + bytes / 2)
                             : "memory", SUMS);
    return (double)bytes * (double)repeats;
}

static double copy_nt_bytes(void *memory, size_t bytes, int64_t repeats)
{
    for (int64_t r = 0; r < repeats; r++)
        for (char *p = memory, *end = p + bytes / 2; p < end; p += 256)
            __asm__ volatile("vmovaps (%0), %%zmm0\n\tvmovaps 64(%0), %%zmm1\n\t"
                             "vmovaps 128(%0), %%zmm2\n\tvmovaps 192(%0), %%zmm3\n\t"
                             "vmovntps %%zmm0, (%1)\n\tvmovntps %%zmm1, 64(%1)\n\t"
                             "vmovntps %%zmm2, 128(%1)\n\tvmovntps %%zmm3, 192(%1)"
                             :
                             : "r"(p), "r"(p + bytes / 2)
                             : "memory", SUMS);
    _mm_sfence();
    return (double)bytes * (double)repeats;
}

const cake_peak_kernel cake_peak_kernels_avx512[] = {
    {"f32_fma", "avx512", CAKE_ISA_AVX512, "GFLOP/s", fma_f32},
    {"bf16_dot", "avx512_bf16", CAKE_ISA_AVX512 | CAKE_ISA_AVX512_BF16, "GFLOP/s", dot_bf16},
    {"int8_dot", "avx512_vnni", CAKE_ISA_AVX512 | CAKE_ISA_AVX512_VNNI, "GOP/s", dot_int8},
    {"read", "avx512", CAKE_ISA_AVX512, "GB/s", read_bytes},
    {"write", "avx512", CAKE_ISA_AVX512, "GB/s", write_bytes},
    {"write_nt", "avx512", CAKE_ISA_AVX512, "GB/s", write_nt_bytes},
    {"copy", "avx512", CAKE_ISA_AVX512, "GB/s", copy_bytes},
    {"copy_nt", "avx512", CAKE_ISA_AVX512, "GB/s", copy_nt_bytes},
    {NULL, NULL, 0, NULL, NULL},
};
