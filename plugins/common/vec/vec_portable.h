/* Vectors of 8 floats in the vector extensions of GCC and Clang, for architectures without a header of their
 * own: the compiler makes each from the registers that it has. The functions are described in vec_avx512.h. */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define VEC_LANES 8
#define VEC_REGISTERS 16
#ifdef __FP_FAST_FMAF
#define VEC_FMA_EXACT 1
#else
#define VEC_FMA_EXACT 0 /* vec_fma rounds twice */
#endif

typedef float vec __attribute__((vector_size(32)));
typedef int32_t veci __attribute__((vector_size(32)));
typedef uint32_t vecu __attribute__((vector_size(32)));
typedef veci vmask; /* a lane is true where all its bits are set */

/* Making, loading, storing. */
static inline vec vec_set1(float a)
{
    return (vec){a, a, a, a, a, a, a, a};
}

static inline vec vec_zero(void)
{
    return vec_set1(0);
}

static inline vec vec_load(const float *p)
{
    vec a;

    memcpy(&a, p, sizeof a);
    return a;
}

static inline vec vec_broadcast(const float *p)
{
    return vec_set1(*p);
}

/* a, in a register from here on: the compiler must not load it again for each use. */
static inline vec vec_keep(vec a)
{
    return a;
}

static inline void vec_store(float *p, vec a)
{
    memcpy(p, &a, sizeof a);
}

static inline void vec_stream(float *p, vec a)
{
    vec_store(p, a);
}

static inline void vec_stream_fence(void)
{
}

static inline vmask vec_mask(int n)
{
    return (veci){0, 1, 2, 3, 4, 5, 6, 7} < (veci){n, n, n, n, n, n, n, n};
}

static inline vec vec_load_mask(const float *p, vmask m)
{
    vec a = vec_zero();

    for (int i = 0; i < VEC_LANES; i++)
        if (m[i])
            a[i] = p[i];
    return a;
}

static inline void vec_store_mask(float *p, vec a, vmask m)
{
    for (int i = 0; i < VEC_LANES; i++)
        if (m[i])
            p[i] = a[i];
}

static inline vec vec_gather(const float *p, veci index)
{
    vec a;

    for (int i = 0; i < VEC_LANES; i++)
        a[i] = p[index[i]];
    return a;
}

/* Conversions of the bits. */
static inline veci vec_as_int(vec a)
{
    return (veci)a;
}

static inline vec veci_as_float(veci a)
{
    return (vec)a;
}

/* Arithmetic. */
static inline vec vec_add(vec a, vec b)
{
    return a + b;
}

static inline vec vec_sub(vec a, vec b)
{
    return a - b;
}

static inline vec vec_mul(vec a, vec b)
{
    return a * b;
}

static inline vec vec_div(vec a, vec b)
{
    return a / b;
}

static inline vec vec_sqrt(vec a)
{
    for (int i = 0; i < VEC_LANES; i++)
        a[i] = sqrtf(a[i]);
    return a;
}

/* Rounds twice where the compiler does not contract (no such instruction): callers must not rely on more. */
static inline vec vec_fma(vec a, vec b, vec c)
{
    return a * b + c;
}

static inline vec vec_fnma(vec a, vec b, vec c)
{
    return c - a * b;
}

static inline vec vec_fms(vec a, vec b, vec c)
{
    return a * b - c;
}

/* Bits. */
static inline vec vec_and(vec a, vec b)
{
    return (vec)((veci)a & (veci)b);
}

static inline vec vec_or(vec a, vec b)
{
    return (vec)((veci)a | (veci)b);
}

static inline vec vec_xor(vec a, vec b)
{
    return (vec)((veci)a ^ (veci)b);
}

static inline vec vec_andnot(vec a, vec b)
{
    return (vec)(~(veci)a & (veci)b);
}

static inline vec vec_abs(vec a)
{
    return vec_andnot(vec_set1(-0.0f), a);
}

static inline vec vec_neg(vec a)
{
    return -a;
}

static inline vec vec_round(vec a)
{
    for (int i = 0; i < VEC_LANES; i++)
        a[i] = rintf(a[i]);
    return a;
}

static inline vec vec_floor(vec a)
{
    for (int i = 0; i < VEC_LANES; i++)
        a[i] = floorf(a[i]);
    return a;
}

static inline vec vec_trunc(vec a)
{
    for (int i = 0; i < VEC_LANES; i++)
        a[i] = truncf(a[i]);
    return a;
}

/* Comparisons and choice. */
static inline vmask vec_lt(vec a, vec b)
{
    return a < b;
}

static inline vmask vec_le(vec a, vec b)
{
    return a <= b;
}

static inline vmask vec_eq(vec a, vec b)
{
    return a == b;
}

static inline vmask vec_ne(vec a, vec b)
{
    return a != b;
}

static inline vmask vec_is_nan(vec a)
{
    return a != a;
}

static inline vec vec_select(vmask m, vec a, vec b)
{
    return (vec)((m & (veci)a) | (~m & (veci)b));
}

static inline vmask vmask_and(vmask a, vmask b)
{
    return a & b;
}

static inline vmask vmask_or(vmask a, vmask b)
{
    return a | b;
}

static inline vmask vmask_not(vmask a)
{
    return ~a;
}

static inline int vmask_any(vmask m)
{
    int any = 0;

    for (int i = 0; i < VEC_LANES; i++)
        any |= m[i] != 0;
    return any;
}

static inline vec vec_min(vec a, vec b)
{
    return vec_select(a < b, a, b);
}

static inline vec vec_max(vec a, vec b)
{
    return vec_select(a > b, a, b);
}

/* All lanes to one value. */
static inline float vec_sum(vec a)
{
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

static inline float vec_hmax(vec a)
{
    float m = a[0];

    for (int i = 1; i < VEC_LANES; i++)
        m = m > a[i] ? m : a[i];
    return m;
}

static inline float vec_hmin(vec a)
{
    float m = a[0];

    for (int i = 1; i < VEC_LANES; i++)
        m = m < a[i] ? m : a[i];
    return m;
}

/* int32 lanes; sums wrap. */
static inline veci veci_set1(int32_t a)
{
    return (veci){a, a, a, a, a, a, a, a};
}

static inline veci veci_load(const int32_t *p)
{
    veci a;

    memcpy(&a, p, sizeof a);
    return a;
}

static inline void veci_store(int32_t *p, veci a)
{
    memcpy(p, &a, sizeof a);
}

static inline veci veci_add(veci a, veci b)
{
    return (veci)((vecu)a + (vecu)b);
}

static inline veci veci_sub(veci a, veci b)
{
    return (veci)((vecu)a - (vecu)b);
}

static inline veci veci_and(veci a, veci b)
{
    return a & b;
}

static inline veci veci_or(veci a, veci b)
{
    return a | b;
}

static inline veci veci_xor(veci a, veci b)
{
    return a ^ b;
}

static inline veci veci_min(veci a, veci b)
{
    veci m = a < b;

    return (m & a) | (~m & b);
}

static inline veci veci_max(veci a, veci b)
{
    veci m = a > b;

    return (m & a) | (~m & b);
}

static inline veci veci_shl(veci a, int bits)
{
    return (veci)((vecu)a << (uint32_t)bits);
}

static inline veci veci_shr(veci a, int bits)
{
    return (veci)((vecu)a >> (uint32_t)bits);
}

static inline veci veci_sra(veci a, int bits)
{
    return a >> bits;
}

static inline vmask veci_eq(veci a, veci b)
{
    return a == b;
}

static inline vmask veci_gt(veci a, veci b)
{
    return a > b;
}

/* Conversions; what int32 cannot hold becomes INT32_MIN, as on x86. */
static inline veci vec_to_int_trunc(vec a)
{
    veci r;

    for (int i = 0; i < VEC_LANES; i++)
        r[i] = a[i] >= -0x1p31f && a[i] < 0x1p31f ? (int32_t)a[i] : INT32_MIN;
    return r;
}

static inline veci vec_to_int(vec a)
{
    return vec_to_int_trunc(vec_round(a));
}

static inline vec veci_to_float(veci a)
{
    return __builtin_convertvector(a, vec);
}

static inline vec vec_scale2(vec a, vec n)
{
    for (int i = 0; i < VEC_LANES; i++)
        a[i] = ldexpf(a[i], (int)n[i]);
    return a;
}

static inline vec vec_scale2_flush(vec a, vec n)
{
    /* Lanes that are not selected may wrap around. */
    vecu bits = (vecu)vec_as_int(a) + ((vecu)vec_to_int(n) << 23);

    return vec_select(n < -125.0f, vec_zero(), veci_as_float((veci)bits));
}

static inline vec vec_even(vec a, vec b)
{
    return (vec){a[0], a[2], a[4], a[6], b[0], b[2], b[4], b[6]};
}

static inline vec vec_odd(vec a, vec b)
{
    return (vec){a[1], a[3], a[5], a[7], b[1], b[3], b[5], b[7]};
}

static inline vec vec_sums(vec r[VEC_LANES])
{
    vec sums;

    for (int i = 0; i < VEC_LANES; i++)
        sums[i] = vec_sum(r[i]);
    return sums;
}

static inline vec vec_swap_pairs(vec a)
{
    return (vec){a[1], a[0], a[3], a[2], a[5], a[4], a[7], a[6]};
}

static inline void veci_transpose4(veci r[4])
{
    veci t[4] = {r[0], r[1], r[2], r[3]};

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < VEC_LANES; j++)
            r[i][j] = t[j % 4][j / 4 * 4 + i];
}

static inline veci veci_mul_wide(veci a, veci b, veci *low)
{
    veci high;

    for (int i = 0; i < VEC_LANES; i++) {
        uint64_t product = (uint64_t)(uint32_t)a[i] * (uint32_t)b[i];
        (*low)[i] = (int32_t)(uint32_t)product;
        high[i] = (int32_t)(uint32_t)(product >> 32);
    }
    return high;
}

static inline void vec_transpose(vec r[VEC_LANES])
{
    vec t[VEC_LANES];

    for (int i = 0; i < VEC_LANES; i++)
        for (int j = 0; j < VEC_LANES; j++)
            t[j][i] = r[i][j];
    for (int i = 0; i < VEC_LANES; i++)
        r[i] = t[i];
}

#endif
