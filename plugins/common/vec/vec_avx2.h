/* Vectors of 8 floats over AVX2 and FMA. The functions are described in vec_avx512.h. */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_H

#include <immintrin.h>
#include <stdint.h>

#define VEC_LANES 8
#define VEC_REGISTERS 16
#define VEC_FMA_EXACT 1

typedef __m256 vec;
typedef __m256i veci;
typedef __m256i vmask; /* a lane is true where all its bits are set */

/* Making, loading, storing. */
static inline vec vec_zero(void)
{
    return _mm256_setzero_ps();
}

static inline vec vec_set1(float a)
{
    return _mm256_set1_ps(a);
}

static inline vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline vec vec_broadcast(const float *p)
{
    return _mm256_broadcast_ss(p);
}

/* a, in a register from here on: the compiler must not load it again for each use. */
static inline vec vec_keep(vec a)
{
    __asm__("" : "+x"(a));
    return a;
}

static inline void vec_store(float *p, vec a)
{
    _mm256_storeu_ps(p, a);
}

static inline void vec_stream(float *p, vec a)
{
    _mm256_stream_ps(p, a);
}

static inline void vec_stream_fence(void)
{
    _mm_sfence();
}

static inline vmask vec_mask(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load_mask(const float *p, vmask m)
{
    return _mm256_maskload_ps(p, m);
}

static inline void vec_store_mask(float *p, vec a, vmask m)
{
    _mm256_maskstore_ps(p, m, a);
}

static inline vec vec_gather(const float *p, veci index)
{
    return _mm256_i32gather_ps(p, index, 4);
}

/* Arithmetic. */
static inline vec vec_add(vec a, vec b)
{
    return _mm256_add_ps(a, b);
}

static inline vec vec_sub(vec a, vec b)
{
    return _mm256_sub_ps(a, b);
}

static inline vec vec_mul(vec a, vec b)
{
    return _mm256_mul_ps(a, b);
}

static inline vec vec_div(vec a, vec b)
{
    return _mm256_div_ps(a, b);
}

static inline vec vec_sqrt(vec a)
{
    return _mm256_sqrt_ps(a);
}

static inline vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

static inline vec vec_fms(vec a, vec b, vec c)
{
    return _mm256_fmsub_ps(a, b, c);
}

static inline vec vec_min(vec a, vec b)
{
    return _mm256_min_ps(a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return _mm256_max_ps(a, b);
}

/* Bits. */
static inline vec vec_and(vec a, vec b)
{
    return _mm256_and_ps(a, b);
}

static inline vec vec_or(vec a, vec b)
{
    return _mm256_or_ps(a, b);
}

static inline vec vec_xor(vec a, vec b)
{
    return _mm256_xor_ps(a, b);
}

static inline vec vec_andnot(vec a, vec b)
{
    return _mm256_andnot_ps(a, b);
}

static inline vec vec_abs(vec a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

static inline vec vec_neg(vec a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}

static inline vec vec_round(vec a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

static inline vec vec_floor(vec a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}

static inline vec vec_trunc(vec a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

/* Comparisons and choice. */
static inline vmask vec_lt(vec a, vec b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

static inline vmask vec_le(vec a, vec b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LE_OQ));
}

static inline vmask vec_eq(vec a, vec b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}

static inline vmask vec_ne(vec a, vec b)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ));
}

static inline vmask vec_is_nan(vec a)
{
    return _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

static inline vec vec_select(vmask m, vec a, vec b)
{
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(m));
}

static inline vmask vmask_and(vmask a, vmask b)
{
    return _mm256_and_si256(a, b);
}

static inline vmask vmask_or(vmask a, vmask b)
{
    return _mm256_or_si256(a, b);
}

static inline vmask vmask_not(vmask a)
{
    return _mm256_xor_si256(a, _mm256_set1_epi32(-1));
}

static inline int vmask_any(vmask m)
{
    return _mm256_movemask_ps(_mm256_castsi256_ps(m)) != 0;
}

/* All lanes to one value. */
static inline float vec_sum(vec a)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

static inline float vec_hmax(vec a)
{
    __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_max_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

static inline float vec_hmin(vec a)
{
    __m128 s = _mm_min_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));

    s = _mm_min_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_min_ss(s, _mm_movehdup_ps(s)));
}

/* int32 lanes. */
static inline veci veci_set1(int32_t a)
{
    return _mm256_set1_epi32(a);
}

static inline veci veci_load(const int32_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline void veci_store(int32_t *p, veci a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, a);
}

static inline veci veci_add(veci a, veci b)
{
    return _mm256_add_epi32(a, b);
}

static inline veci veci_sub(veci a, veci b)
{
    return _mm256_sub_epi32(a, b);
}

static inline veci veci_and(veci a, veci b)
{
    return _mm256_and_si256(a, b);
}

static inline veci veci_or(veci a, veci b)
{
    return _mm256_or_si256(a, b);
}

static inline veci veci_xor(veci a, veci b)
{
    return _mm256_xor_si256(a, b);
}

static inline veci veci_min(veci a, veci b)
{
    return _mm256_min_epi32(a, b);
}

static inline veci veci_max(veci a, veci b)
{
    return _mm256_max_epi32(a, b);
}

static inline veci veci_shl(veci a, int bits)
{
    return _mm256_sll_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline veci veci_shr(veci a, int bits)
{
    return _mm256_srl_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline veci veci_sra(veci a, int bits)
{
    return _mm256_sra_epi32(a, _mm_cvtsi32_si128(bits));
}

static inline vmask veci_eq(veci a, veci b)
{
    return _mm256_cmpeq_epi32(a, b);
}

static inline vmask veci_gt(veci a, veci b)
{
    return _mm256_cmpgt_epi32(a, b);
}

/* Conversions. */
static inline veci vec_to_int(vec a)
{
    return _mm256_cvtps_epi32(a);
}

static inline veci vec_to_int_trunc(vec a)
{
    return _mm256_cvttps_epi32(a);
}

static inline vec veci_to_float(veci a)
{
    return _mm256_cvtepi32_ps(a);
}

static inline veci vec_as_int(vec a)
{
    return _mm256_castps_si256(a);
}

static inline vec veci_as_float(veci a)
{
    return _mm256_castsi256_ps(a);
}

static inline vec vec_scale2(vec a, vec n)
{
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), rest = _mm256_sub_epi32(whole, half);
    __m256i one = _mm256_set1_epi32(127);

    a = _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, one), 23)));
    return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(rest, one), 23)));
}

static inline vec vec_scale2_flush(vec a, vec n)
{
    __m256i scaled = _mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23));

    return _mm256_andnot_ps(_mm256_cmp_ps(n, _mm256_set1_ps(-125.0f), _CMP_LT_OQ), _mm256_castsi256_ps(scaled));
}

static inline vec vec_even(vec a, vec b)
{
    __m256d pairs = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0x88));

    return _mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xd8));
}

static inline vec vec_odd(vec a, vec b)
{
    __m256d pairs = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xdd));

    return _mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xd8));
}

static inline vec vec_sums(vec r[VEC_LANES])
{
    for (int i = 0; i < 4; i++)
        r[i] = _mm256_add_ps(_mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]), _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]));
    for (int i = 0; i < 2; i++)
        r[i] = _mm256_add_ps(_mm256_shuffle_ps(r[2 * i], r[2 * i + 1], 0x44),
                             _mm256_shuffle_ps(r[2 * i], r[2 * i + 1], 0xee));
    return _mm256_add_ps(_mm256_permute2f128_ps(r[0], r[1], 0x20), _mm256_permute2f128_ps(r[0], r[1], 0x31));
}

static inline vec vec_swap_pairs(vec a)
{
    return _mm256_permute_ps(a, 0xb1);
}

static inline void veci_transpose4(veci r[4])
{
    __m256i a = _mm256_unpacklo_epi32(r[0], r[1]), b = _mm256_unpacklo_epi32(r[2], r[3]);
    __m256i c = _mm256_unpackhi_epi32(r[0], r[1]), d = _mm256_unpackhi_epi32(r[2], r[3]);

    r[0] = _mm256_unpacklo_epi64(a, b);
    r[1] = _mm256_unpackhi_epi64(a, b);
    r[2] = _mm256_unpacklo_epi64(c, d);
    r[3] = _mm256_unpackhi_epi64(c, d);
}

static inline veci veci_mul_wide(veci a, veci b, veci *low)
{
    __m256i even = _mm256_mul_epu32(a, b);
    __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(b, 32));

    *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

static inline void vec_transpose(vec r[VEC_LANES])
{
    __m256 t[8];

    for (int i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
        r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
        r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
        r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
    }
    for (int q = 0; q < 4; q++) {
        t[q] = _mm256_permute2f128_ps(r[q], r[q + 4], 0x20);
        t[q + 4] = _mm256_permute2f128_ps(r[q], r[q + 4], 0x31);
    }
    for (int i = 0; i < 8; i++)
        r[i] = t[i];
}

#endif
