/* Elementary functions over vectors. Include a vector header (vec_avx2.h, vec_avx512.h) first.
 *
 * Largest error over all floats (tests/kernels/ulp_sweep visits every one; the unit test strides through them):
 *
 *     function       ulp    how
 *     vec_exp        1.2    2^n e^r, |r| <= ln 2 / 2
 *     vec_exp_neg    1.2    the same for x <= 0; results below 1.5 2^-126 may be 0
 *     vec_exp2_neg   1.2    2^x for x <= 0, likewise
 *     vec_sigmoid    2.6    e^x / (1 + e^x): never overflows, keeps small results exact
 *     vec_tanh       2.6    -(e^-2x - 1) / (e^-2x + 1) by way of e^r - 1: no cancellation near 0
 *     vec_erf        1.2    x P(x^2) up to 1, 1 - exp(-Q(x)) beyond
 *     vec_sin/cos    1.6    Cody and Waite's reduction in three parts; |x| > 2^17 through libm's double
 *
 * An error in ulp is that of the float next to the exact result, denormal results included. Zeros keep their sign,
 * infinities and overflow give the limits, NaN gives NaN. Rounding to nearest is assumed.
 *
 * The polynomials are minimax fits (Remez's exchange) to this file's own reduced ranges, with the coefficients
 * rounded to float one after another and the rest fitted again. */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_MATH_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_MATH_H

#include <math.h>

/* Few enough bits that a product with n is exact. */
#define VEC_LN2_HIGH 0x1.62e4p-1F
#define VEC_LN2_LOW 0x1.7f7d1cp-20F
#define VEC_LOG2_E 0x1.715476p+0F
/* Added to |x| < 2^22, leaves x rounded to a whole number in the low bits. */
#define VEC_ROUNDER 0x1.8p23F
/* Angles beyond are left to libm. The reduction needs exact products. */
#define VEC_SIN_LIMIT (VEC_FMA_EXACT ? 0x1p17F : 0.0F)

/* Is that bit of each lane set? */
static inline vmask vec_bit(vec a, int bit)
{
    return veci_gt(veci_set1(0), veci_shl(vec_as_int(a), 31 - bit));
}

/* |a| with the sign of b. */
static inline vec vec_copysign(vec a, vec b)
{
    vec sign = vec_set1(-0.0F);

    return vec_or(vec_andnot(sign, a), vec_and(sign, b));
}

/* e^r - 1 for |r| <= ln 2 / 2, relative error 2^-26. */
static inline vec vec_expm1_reduced(vec r)
{
    vec square = vec_mul(r, r);
    vec low = vec_fma(vec_set1(0x1.5554aap-3F), r, vec_set1(0x1.fffffep-2F));
    vec high = vec_fma(vec_set1(0x1.122c38p-7F), r, vec_set1(0x1.55579ap-5F));

    high = vec_fma(vec_set1(0x1.6ac052p-10F), square, high);
    return vec_fma(vec_fma(high, square, low), square, r);
}

/* n = the whole number next to x / ln 2, and x - n ln 2. */
static inline vec vec_reduce_ln2(vec x, vec *n)
{
    *n = vec_round(vec_mul(x, vec_set1(VEC_LOG2_E)));
    return vec_fnma(*n, vec_set1(VEC_LN2_LOW), vec_fnma(*n, vec_set1(VEC_LN2_HIGH), x));
}

static inline vec vec_exp(vec x)
{
    vec n, r;

    /* The operand order lets a NaN in x through. */
    x = vec_max(vec_set1(-105.0F), vec_min(vec_set1(89.0F), x));
    r = vec_reduce_ln2(x, &n);
    return vec_scale2(vec_add(vec_set1(1.0F), vec_expm1_reduced(r)), n);
}

/* For x <= 0 where what is below the normal range may as well be 0: softmax. */
static inline vec vec_exp_neg(vec x)
{
    vec n, r = vec_reduce_ln2(x, &n);

    return vec_scale2_flush(vec_add(vec_set1(1.0F), vec_expm1_reduced(r)), n);
}

/* 2^x for x <= 0, likewise. x - round(x) is exact. */
static inline vec vec_exp2_neg(vec x)
{
    vec n = vec_round(x), r = vec_sub(x, n);
    vec q = vec_set1(0x1.17a188p-13F);

    q = vec_fma(q, r, vec_set1(0x1.5ef4cap-10F));
    q = vec_fma(q, r, vec_set1(0x1.3b681p-7F));
    q = vec_fma(q, r, vec_set1(0x1.c6af9ep-5F));
    q = vec_fma(q, r, vec_set1(0x1.ebfb94p-3F));
    q = vec_fma(q, r, vec_set1(0x1.62e43p-1F));
    q = vec_fma(q, r, vec_set1(1.0F));
    return vec_scale2_flush(q, n);
}

/* Sigmoid and tanh as quotients, for callers that multiply some of them and divide once. Denominators are in [1, 2].
 */
static inline vec vec_sigmoid_parts(vec x, vec *denominator)
{
    vec one = vec_set1(1.0F), n;
    vec r = vec_reduce_ln2(vec_max(vec_set1(-104.0F), vec_or(vec_set1(-0.0F), x)), &n);
    vec two_n = vec_scale2(one, n), less = vec_expm1_reduced(r);

    *denominator = vec_fma(two_n, less, vec_add(one, two_n));
    return vec_select(vec_lt(x, vec_zero()), vec_fma(two_n, less, two_n), one);
}

static inline vec vec_tanh_parts(vec x, vec *denominator)
{
    vec one = vec_set1(1.0F), n, r, two_n, less, e;
    vec t = vec_max(vec_set1(-40.0F), vec_mul(vec_set1(-2.0F), vec_abs(x)));

    r = vec_reduce_ln2(t, &n);
    two_n = vec_scale2(one, n), less = vec_expm1_reduced(r);
    e = vec_fma(two_n, less, vec_sub(two_n, one)); /* e^t - 1, in (-1, 0] */
    *denominator = vec_fma(two_n, less, vec_add(two_n, one));
    return vec_copysign(e, x);
}

/* e^x / (1 + e^x); beyond 18 it is 1. */
static inline vec vec_sigmoid(vec x)
{
    vec one = vec_set1(1.0F), n, r, e;

    r = vec_reduce_ln2(vec_max(vec_set1(-104.0F), vec_min(vec_set1(18.0F), x)), &n);
    e = vec_scale2(vec_add(one, vec_expm1_reduced(r)), n);
    return vec_div(e, vec_add(one, e));
}

static inline vec vec_tanh(vec x)
{
    vec denominator, numerator = vec_tanh_parts(x, &denominator);

    return vec_div(numerator, denominator);
}

/* -ln(1 - erf x) for 1 <= x <= 4, absolute error 2^-27 / (1 - erf x). */
static inline vec vec_erf_tail_log(vec x)
{
    vec q = vec_set1(0x1.b5fcd4p-18F);

    q = vec_fma(q, x, vec_set1(-0x1.13f23ep-12F));
    q = vec_fma(q, x, vec_set1(0x1.b3ff36p-9F));
    q = vec_fma(q, x, vec_set1(-0x1.7670b2p-6F));
    q = vec_fma(q, x, vec_set1(0x1.ace2ep-4F));
    q = vec_fma(q, x, vec_set1(0x1.45f836p-1F));
    q = vec_fma(q, x, vec_set1(0x1.20ba22p+0F));
    return vec_fma(q, x, vec_set1(0x1.7d215ap-13F));
}

static inline vec vec_erf(vec x)
{
    vec a = vec_min(vec_set1(4.0F), vec_abs(x)), s = vec_mul(a, a);
    vec p = vec_set1(0x1.4771fep-14F);
    vec tail = vec_sub(vec_set1(1.0F), vec_exp_neg(vec_neg(vec_erf_tail_log(a))));

    p = vec_fma(p, s, vec_set1(-0x1.a3515ep-11F));
    p = vec_fma(p, s, vec_set1(0x1.53f224p-8F));
    p = vec_fma(p, s, vec_set1(-0x1.b7f71ap-6F));
    p = vec_fma(p, s, vec_set1(0x1.ce2ce6p-4F));
    p = vec_fma(p, s, vec_set1(-0x1.81273ep-2F));
    p = vec_fma(p, s, vec_set1(0x1.06eba8p-3F));
    return vec_copysign(vec_select(vec_lt(a, vec_set1(1.0F)), vec_fma(p, a, a), tail), x);
}

/* The activations that are made of these. */
static inline vec vec_relu(vec x)
{
    return vec_max(vec_zero(), x);
}

static inline vec vec_silu(vec x)
{
    return vec_mul(x, vec_sigmoid(x));
}

static inline vec vec_gelu(vec x)
{
    vec half = vec_max(vec_set1(-32.0F), vec_mul(vec_set1(0.5F), x)); /* -infinity would give NaN */

    return vec_fma(half, vec_erf(vec_mul(x, vec_set1(0x1.6a09e6p-1F))), half);
}

/* x (1 + tanh(z)) / 2 with z = sqrt(2/pi) (x + 0.044715 x^3); (1 + tanh z) / 2 is sigmoid(2 z). */
static inline vec vec_gelu_tanh(vec x)
{
    vec square = vec_mul(x, x);
    vec twice_z = vec_mul(x, vec_fma(square, vec_set1(0x1.2444f2p-4F), vec_set1(0x1.988454p+0F)));

    return vec_mul(x, vec_sigmoid(twice_z));
}

/* sin x, or cos x with turn = 1. */
static inline vec vec_sin_turned(vec x, float turn)
{
    vec a = vec_abs(x), rounded = vec_fma(a, vec_set1(0x1.45f306p-1F), vec_set1(VEC_ROUNDER));
    vec n = vec_sub(rounded, vec_set1(VEC_ROUNDER));
    vec r = vec_fnma(n, vec_set1(0x1.921fb6p+0F), a);
    vec s, p, q, y;

    r = vec_fnma(n, vec_set1(-0x1.777a5cp-25F), r);
    r = vec_fnma(n, vec_set1(-0x1.ee59dap-50F), r);
    s = vec_mul(r, r);
    p = vec_fma(vec_set1(-0x1.9951eap-13F), s, vec_set1(0x1.110774p-7F));
    p = vec_fma(p, s, vec_set1(-0x1.555546p-3F));
    p = vec_fma(vec_mul(p, s), r, r);
    q = vec_fma(vec_set1(0x1.99e80cp-16F), s, vec_set1(-0x1.6c0c28p-10F));
    q = vec_fma(q, s, vec_set1(0x1.55554ap-5F));
    q = vec_fma(q, s, vec_set1(-0.5F));
    q = vec_fma(q, s, vec_set1(1.0F));
    /* A quarter turn swaps sine and cosine, a half turn flips the sign. */
    rounded = vec_add(rounded, vec_set1(turn));
    y = vec_select(vec_bit(rounded, 0), q, p);
    y = vec_select(vec_bit(rounded, 1), vec_neg(y), y);
    if (turn == 0)
        y = vec_select(vec_bit(x, 31), vec_neg(y), y);
    return y;
}

/* Lanes beyond the reduction's range, by libm. Rare: no angle of a layer is that large. */
static inline vec vec_sin_far(vec x, vec y, int cosine)
{
    float from[VEC_LANES], to[VEC_LANES];

    vec_store(from, x);
    vec_store(to, y);
    for (int i = 0; i < VEC_LANES; i++)
        if (!(fabsf(from[i]) <= VEC_SIN_LIMIT))
            to[i] = (float)(cosine ? cos((double)from[i]) : sin((double)from[i]));
    return vec_load(to);
}

static inline vec vec_sin(vec x)
{
    vec y = vec_sin_turned(x, 0);

    return vmask_any(vec_lt(vec_set1(VEC_SIN_LIMIT), vec_abs(x))) ? vec_sin_far(x, y, 0) : y;
}

static inline vec vec_cos(vec x)
{
    vec y = vec_sin_turned(x, 1);

    return vmask_any(vec_lt(vec_set1(VEC_SIN_LIMIT), vec_abs(x))) ? vec_sin_far(x, y, 1) : y;
}

#endif
