/* Vectors of 16 floats over AVX-512 (F, BW, DQ, VL). The same functions as vec_avx2.h and vec_portable.h; a
 * kernel that includes one of the three is written once.
 *
 * `vec` holds VEC_LANES floats, `veci` as many int32, `vmask` a truth value for each lane. Loads and stores
 * need no alignment. A masked load reads nothing where the mask is false and gives 0 there; a masked store
 * writes nothing there. */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VEC_LANES 16
#define VEC_REGISTERS 32 /* how many vectors the register file holds */
#define VEC_FMA_EXACT 1  /* vec_fma rounds once */

typedef __m512 vec;
typedef __m512i veci;
typedef __mmask16 vmask;

/* Making, loading, storing. */
static inline vec vec_zero(void)
{
    return _mm512_setzero_ps();
}

static inline vec vec_set1(float a)
{
    return _mm512_set1_ps(a);
}

static inline vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline vec vec_broadcast(const float *p)
{
    return _mm512_set1_ps(*p);
}

/* a, in a register from here on: the compiler must not load it again for each use. */
static inline vec vec_keep(vec a)
{
    __asm__("" : "+v"(a));
    return a;
}

static inline void vec_store(float *p, vec a)
{
    _mm512_storeu_ps(p, a);
}

/* Store past the caches; p aligned to the vector's size. */
static inline void vec_stream(float *p, vec a)
{
    _mm512_stream_ps(p, a);
}

/* Make earlier vec_streams visible to other threads. */
static inline void vec_stream_fence(void)
{
    _mm_sfence();
}

/* The mask of the first n lanes, 0 <= n <= VEC_LANES. */
static inline vmask vec_mask(int n)
{
    return (vmask)((1U << n) - 1U);
}

static inline vec vec_load_mask(const float *p, vmask m)
{
    return _mm512_maskz_loadu_ps(m, p);
}

static inline void vec_store_mask(float *p, vec a, vmask m)
{
    _mm512_mask_storeu_ps(p, m, a);
}

/* p[index[i]] in lane i. */
static inline vec vec_gather(const float *p, veci index)
{
    return _mm512_i32gather_ps(index, p, 4);
}

/* Arithmetic. */
static inline vec vec_add(vec a, vec b)
{
    return _mm512_add_ps(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm512_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm512_mul_ps(a, b);
}

static inline vec vec_div(vec a, vec b)
{
    return _mm512_div_ps(a, b);
}

static inline vec vec_sqrt(vec a)
{
    return _mm512_sqrt_ps(a);
}

/* a * b + c, c - a * b, a * b - c: one rounding. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

static inline vec vec_fms(vec a, vec b, vec c)
{
    return _mm512_fmsub_ps(a, b, c);
}

/* a < b ? a : b and a > b ? a : b: b where either is NaN. */
static inline vec vec_min(vec a, vec b)
{
    return _mm512_min_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm512_max_ps(a, b);
}

/* Bits. */
static inline vec vec_and(vec a, vec b)
{
    return _mm512_and_ps(a, b);
}

static inline vec vec_or(vec a, vec b)
{
    return _mm512_or_ps(a, b);
}

static inline vec vec_xor(vec a, vec b)
{
    return _mm512_xor_ps(a, b);
}

/* ~a & b */
static inline vec vec_andnot(vec a, vec b)
{
    return _mm512_andnot_ps(a, b);
}

static inline vec vec_abs(vec a)
{
    return _mm512_abs_ps(a);
}

static inline vec vec_neg(vec a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

/* To the nearest whole number, ties to even; downwards; towards zero. */
static inline vec vec_round(vec a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vec vec_floor(vec a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vec vec_trunc(vec a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

/* Comparisons (false where either is NaN, but vec_ne) and choice. */
static inline vmask vec_lt(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

static inline vmask vec_le(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}

static inline vmask vec_eq(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

static inline vmask vec_ne(vec a, vec b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

static inline vmask vec_is_nan(vec a)
{
    return _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}

/* m ? a : b */
static inline vec vec_select(vmask m, vec a, vec b)
{
    return _mm512_mask_blend_ps(m, b, a);
}

static inline vmask vmask_and(vmask a, vmask b)
{
    return (vmask)(a & b);
}

static inline vmask vmask_or(vmask a, vmask b)
{
    return (vmask)(a | b);
}

static inline vmask vmask_not(vmask a)
{
    return (vmask)~a;
}

static inline int vmask_any(vmask m)
{
    return m != 0;
}

/* All lanes to one value. */
static inline float vec_sum(vec a)
{
    return _mm512_reduce_add_ps(a);
}

static inline float vec_hmax(vec a)
{
    return _mm512_reduce_max_ps(a);
}

static inline float vec_hmin(vec a)
{
    return _mm512_reduce_min_ps(a);
}

/* int32 lanes. */
static inline veci veci_set1(int32_t a)
{
    return _mm512_set1_epi32(a);
}

static inline veci veci_load(const int32_t *p)
{
    return _mm512_loadu_si512(p);
}

static inline void veci_store(int32_t *p, veci a)
{
    _mm512_storeu_si512(p, a);
}

static inline veci veci_add(veci a, veci b)
{
    return _mm512_add_epi32(a, b);
}

static inline veci veci_sub(veci a, veci b)
{
    return _mm512_sub_epi32(a, b);
}

static inline veci veci_and(veci a, veci b)
{
    return _mm512_and_si512(a, b);
}

static inline veci veci_or(veci a, veci b)
{
    return _mm512_or_si512(a, b);
}

static inline veci veci_xor(veci a, veci b)
{
    return _mm512_xor_si512(a, b);
}

static inline veci veci_min(veci a, veci b)
{
    return _mm512_min_epi32(a, b);
}

static inline veci veci_max(veci a, veci b)
{
    return _mm512_max_epi32(a, b);
}

/* Shifts by 0 .. 31 bits; `shr` fills with zeros, `sra` with the sign. */
static inline veci veci_shl(veci a, int bits)
{
    return _mm512_sll_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline veci veci_shr(veci a, int bits)
{
    return _mm512_srl_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline veci veci_sra(veci a, int bits)
{
    return _mm512_sra_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline vmask veci_eq(veci a, veci b)
{
    return _mm512_cmpeq_epi32_mask(a, b);
}

static inline vmask veci_gt(veci a, veci b)
{
    return _mm512_cmpgt_epi32_mask(a, b);
}

/* Conversions: to the nearest integer (ties to even), towards zero, from integers; and of the bits. */
static inline veci vec_to_int(vec a)
{
    return _mm512_cvtps_epi32(a);
}

static inline veci vec_to_int_trunc(vec a)
{
    return _mm512_cvttps_epi32(a);
}

static inline vec veci_to_float(veci a)
{
    return _mm512_cvtepi32_ps(a);
}

static inline veci vec_as_int(vec a)
{
    return _mm512_castps_si512(a);
}

static inline vec veci_as_float(veci a)
{
    return _mm512_castsi512_ps(a);
}

/* a * 2^n for a whole n, rounded once where the result is below the normal range. `flush`: for n <= 0 and
 * a in [1/2, 2); n < -125 gives 0. */
static inline vec vec_scale2(vec a, vec n)
{
    return _mm512_scalef_ps(a, n);
}

static inline vec vec_scale2_flush(vec a, vec n)
{
    return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(n, _mm512_set1_ps(-125.0f), _CMP_NLT_UQ), a, n);
}

/* Of the vectors a, b taken as one of twice the lanes: the lanes of even (odd) number. */
static inline vec vec_even(vec a, vec b)
{
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);

    return _mm512_permutex2var_ps(a, even, b);
}

static inline vec vec_odd(vec a, vec b)
{
    const __m512i odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);

    return _mm512_permutex2var_ps(a, odd, b);
}

/* Lane i: the sum of r[i]'s lanes. Changes r. */
static inline vec vec_sums(vec r[VEC_LANES])
{
    for (int i = 0; i < 8; i++)
        r[i] = _mm512_add_ps(_mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]), _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]));
    for (int i = 0; i < 4; i++)
        r[i] = _mm512_add_ps(_mm512_shuffle_ps(r[2 * i], r[2 * i + 1], 0x44),
                             _mm512_shuffle_ps(r[2 * i], r[2 * i + 1], 0xee));
    for (int i = 0; i < 2; i++) /* r[i]: four sums in each 128-bit part, parts still to be added */
        r[i] = _mm512_add_ps(_mm512_shuffle_f32x4(r[2 * i], r[2 * i + 1], 0x88),
                             _mm512_shuffle_f32x4(r[2 * i], r[2 * i + 1], 0xdd));
    return _mm512_add_ps(_mm512_shuffle_f32x4(r[0], r[1], 0x88), _mm512_shuffle_f32x4(r[0], r[1], 0xdd));
}

/* a with the lanes 2 i and 2 i + 1 exchanged. */
static inline vec vec_swap_pairs(vec a)
{
    return _mm512_permute_ps(a, 0xb1);
}

/* In each part of four lanes: r[i] lane j becomes r[j] lane i. */
static inline void veci_transpose4(veci r[4])
{
    __m512i a = _mm512_unpacklo_epi32(r[0], r[1]), b = _mm512_unpacklo_epi32(r[2], r[3]);
    __m512i c = _mm512_unpackhi_epi32(r[0], r[1]), d = _mm512_unpackhi_epi32(r[2], r[3]);

    r[0] = _mm512_unpacklo_epi64(a, b);
    r[1] = _mm512_unpackhi_epi64(a, b);
    r[2] = _mm512_unpacklo_epi64(c, d);
    r[3] = _mm512_unpackhi_epi64(c, d);
}

/* The upper and the lower half of a b, unsigned. */
static inline veci veci_mul_wide(veci a, veci b, veci *low)
{
    __m512i even = _mm512_mul_epu32(a, b);
    __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(b, 32));

    *low = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
    return _mm512_mask_blend_epi32(0xaaaa, _mm512_srli_epi64(even, 32), odd);
}

/* r[i] lane j becomes r[j] lane i. */
static inline void vec_transpose(vec r[VEC_LANES])
{
    __m512 t[16];

    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) { /* r[i + q]: column q of each 128-bit part of rows i .. i + 3 */
        r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int q = 0; q < 4; q++) {
        t[q] = _mm512_shuffle_f32x4(r[q], r[q + 4], 0x88);
        t[q + 4] = _mm512_shuffle_f32x4(r[q], r[q + 4], 0xdd);
        t[q + 8] = _mm512_shuffle_f32x4(r[q + 8], r[q + 12], 0x88);
        t[q + 12] = _mm512_shuffle_f32x4(r[q + 8], r[q + 12], 0xdd);
    }
    for (int q = 0; q < 4; q++) {
        r[q] = _mm512_shuffle_f32x4(t[q], t[q + 8], 0x88);
        r[q + 4] = _mm512_shuffle_f32x4(t[q + 4], t[q + 12], 0x88);
        r[q + 8] = _mm512_shuffle_f32x4(t[q], t[q + 8], 0xdd);
        r[q + 12] = _mm512_shuffle_f32x4(t[q + 4], t[q + 12], 0xdd);
    }
}

#endif
