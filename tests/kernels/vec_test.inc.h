/* Tests of a vector header, written once: a file includes the header under test and defines VEC_SUPPORTED (an
 * expression: does this CPU have the instructions?), then includes this. Every function is compared with its
 * definition lane by lane, on ordinary and special values. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "base/random.h"

static void skip_without_isa(void)
{
    if (!VEC_SUPPORTED)
        cr_skip_test("this CPU lacks the instructions");
}

TestSuite(vec, .init = skip_without_isa);

enum { ROUNDS = 200 };

static const float special[] = {0.0f, -0.0f,     1.0f,  -1.0f,  0.5f,   1.5f,    2.5f,       -2.5f,         INFINITY,
                                NAN,  -INFINITY, 1e30f, -1e30f, 1e-42f, -1e-42f, 8388609.0f, 2147483520.0f, 3.7f};

static void fill(float *p, int n, cake_random *random)
{
    for (int i = 0; i < n; i++) {
        uint64_t pick = cake_random_below(random, 64);
        p[i] = pick < sizeof special / sizeof *special ? special[pick] : (float)cake_random_real(random, -100, 100);
    }
}

static void expect_lanes(const char *what, const float *found, const float *expected)
{
    for (int i = 0; i < VEC_LANES; i++) {
        bool same = isnan(expected[i]) ? isnan(found[i]) : memcmp(&found[i], &expected[i], sizeof(float)) == 0;
        cr_assert(same, "%s lane %d: expected %a, found %a", what, i, (double)expected[i], (double)found[i]);
    }
}

static void expect_vec(const char *what, vec found, const float *expected)
{
    float f[VEC_LANES];

    vec_store(f, found);
    expect_lanes(what, f, expected);
}

/* Run `body` on random a, b, c and compare the vector `result` with `lane` computed for each i. */
#define COMPARE(name, result, lane)                                                                                  \
    do {                                                                                                             \
        cake_random random = {.state = 1};                                                                           \
        for (int round = 0; round < ROUNDS; round++) {                                                               \
            float pa[VEC_LANES], pb[VEC_LANES], pc[VEC_LANES], expected[VEC_LANES];                                  \
            fill(pa, VEC_LANES, &random), fill(pb, VEC_LANES, &random), fill(pc, VEC_LANES, &random);                \
            vec a = vec_load(pa), b = vec_load(pb), c = vec_load(pc);                                                \
            (void)a, (void)b, (void)c;                                                                               \
            for (int i = 0; i < VEC_LANES; i++) {                                                                    \
                float x = pa[i], y = pb[i], z = pc[i];                                                               \
                (void)x, (void)y, (void)z;                                                                           \
                expected[i] = (lane);                                                                                \
            }                                                                                                        \
            expect_vec(name, (result), expected);                                                                    \
        }                                                                                                            \
    } while (0)

Test(vec, arithmetic)
{
    COMPARE("add", vec_add(a, b), x + y);
    COMPARE("sub", vec_sub(a, b), x - y);
    COMPARE("mul", vec_mul(a, b), x * y);
    COMPARE("div", vec_div(a, b), x / y);
    COMPARE("sqrt", vec_sqrt(a), sqrtf(x));
    COMPARE("neg", vec_neg(a), -x);
    COMPARE("abs", vec_abs(a), fabsf(x));
    COMPARE("min", vec_min(a, b), x < y ? x : y);
    COMPARE("max", vec_max(a, b), x > y ? x : y);
    COMPARE("set1", vec_set1(3.5f), 3.5f);
    COMPARE("zero", vec_zero(), 0.0f);
    COMPARE("broadcast", vec_broadcast(pb + 1), pb[1]);
    COMPARE("keep", vec_keep(a), x);
}

/* Of small whole numbers, where fused and separate rounding agree. */
Test(vec, fused)
{
#define WHOLE(t) isfinite(t) && fabsf(t) < 4096 ? rintf(t) : 1
    COMPARE("fma", vec_fma(vec_round(vec_set1(WHOLE(pa[0]))), vec_set1(WHOLE(pb[0])), vec_set1(WHOLE(pc[0]))),
            (WHOLE(pa[0])) * (WHOLE(pb[0])) + (WHOLE(pc[0])));
    COMPARE("fnma", vec_fnma(vec_set1(WHOLE(pa[0])), vec_set1(WHOLE(pb[0])), vec_set1(WHOLE(pc[0]))),
            (WHOLE(pc[0])) - (WHOLE(pa[0])) * (WHOLE(pb[0])));
    COMPARE("fms", vec_fms(vec_set1(WHOLE(pa[0])), vec_set1(WHOLE(pb[0])), vec_set1(WHOLE(pc[0]))),
            (WHOLE(pa[0])) * (WHOLE(pb[0])) - (WHOLE(pc[0])));
#undef WHOLE
}

Test(vec, rounding)
{
    COMPARE("round", vec_round(a), rintf(x));
    COMPARE("floor", vec_floor(a), floorf(x));
    COMPARE("trunc", vec_trunc(a), truncf(x));
}

Test(vec, choice)
{
    COMPARE("lt", vec_select(vec_lt(a, b), a, c), x < y ? x : z);
    COMPARE("le", vec_select(vec_le(a, b), a, c), x <= y ? x : z);
    COMPARE("eq", vec_select(vec_eq(vec_abs(a), vec_abs(a)), a, c), x == x ? x : z);
    COMPARE("ne", vec_select(vec_ne(a, b), a, c), x != y ? x : z);
    COMPARE("is_nan", vec_select(vec_is_nan(a), b, c), isnan(x) ? y : z);
    COMPARE("mask and", vec_select(vmask_and(vec_lt(a, b), vec_lt(b, c)), a, c), x < y && y < z ? x : z);
    COMPARE("mask or", vec_select(vmask_or(vec_lt(a, b), vec_lt(b, c)), a, c), x < y || y < z ? x : z);
    COMPARE("mask not", vec_select(vmask_not(vec_lt(a, b)), a, c), !(x < y) ? x : z);
    for (int n = 0; n <= VEC_LANES; n++)
        cr_assert_eq(vmask_any(vec_mask(n)), n > 0);
}

static float from_bits(uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    return f;
}

static uint32_t to_bits(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof bits);
    return bits;
}

Test(vec, bits)
{
    COMPARE("and", vec_and(a, b), from_bits(to_bits(x) & to_bits(y)));
    COMPARE("or", vec_or(a, b), from_bits(to_bits(x) | to_bits(y)));
    COMPARE("xor", vec_xor(a, b), from_bits(to_bits(x) ^ to_bits(y)));
    COMPARE("andnot", vec_andnot(a, b), from_bits(~to_bits(x) & to_bits(y)));
}

/* Masked loads and stores touch their n floats only. */
Test(vec, tails)
{
    for (int n = 0; n <= VEC_LANES; n++) {
        float from[VEC_LANES], to[VEC_LANES + 2], expected[VEC_LANES];

        for (int i = 0; i < VEC_LANES; i++) {
            from[i] = (float)(i + 1);
            expected[i] = i < n ? from[i] : 0.0f;
        }
        expect_vec("load_mask", vec_load_mask(from, vec_mask(n)), expected);
        for (int i = 0; i < VEC_LANES + 2; i++)
            to[i] = -1;
        vec_store_mask(to + 1, vec_load(from), vec_mask(n));
        for (int i = 0; i < VEC_LANES + 2; i++)
            cr_assert_eq(to[i], i >= 1 && i <= n ? from[i - 1] : -1.0f, "store_mask n=%d place %d", n, i);
    }
}

Test(vec, stream)
{
    _Alignas(64) float to[VEC_LANES];

    vec_stream(to, vec_set1(7));
    vec_stream_fence();
    for (int i = 0; i < VEC_LANES; i++)
        cr_assert_eq(to[i], 7.0f);
}

Test(vec, reductions)
{
    float p[VEC_LANES];

    for (int high = 0; high < VEC_LANES; high++) {
        for (int i = 0; i < VEC_LANES; i++)
            p[i] = (float)((i * 7 + high) % VEC_LANES);
        p[high] = 1000;
        cr_assert_eq(vec_hmax(vec_load(p)), 1000.0f);
        cr_assert_eq(vec_hmin(vec_neg(vec_load(p))), -1000.0f);
        float sum = 0;
        for (int i = 0; i < VEC_LANES; i++)
            sum += p[i];
        cr_assert_eq(vec_sum(vec_load(p)), sum);
    }
}

/* As COMPARE, of int32 lanes. */
#define COMPARE_INT(name, result, lane)                                                                              \
    do {                                                                                                             \
        cake_random random = {.state = 2};                                                                           \
        for (int round = 0; round < ROUNDS; round++) {                                                               \
            int32_t pa[VEC_LANES], pb[VEC_LANES], found[VEC_LANES];                                                  \
            for (int i = 0; i < VEC_LANES; i++) {                                                                    \
                pa[i] = (int32_t)(uint32_t)cake_random_next(&random);                                                \
                pb[i] = round % 3 ? (int32_t)(uint32_t)cake_random_next(&random) : pa[i];                            \
            }                                                                                                        \
            veci a = veci_load(pa), b = veci_load(pb);                                                               \
            int bits = round % 32;                                                                                   \
            (void)a, (void)b, (void)bits;                                                                            \
            veci_store(found, (result));                                                                             \
            for (int i = 0; i < VEC_LANES; i++) {                                                                    \
                int32_t x = pa[i], y = pb[i];                                                                        \
                (void)x, (void)y;                                                                                    \
                cr_assert_eq(found[i], (int32_t)(lane), "%s lane %d", name, i);                                      \
            }                                                                                                        \
        }                                                                                                            \
    } while (0)

Test(vec, integers)
{
    vec zero = vec_zero(), one = vec_set1(1);

    COMPARE_INT("set1", veci_set1(-5), -5);
    COMPARE_INT("add", veci_add(a, b), (uint32_t)x + (uint32_t)y);
    COMPARE_INT("sub", veci_sub(a, b), (uint32_t)x - (uint32_t)y);
    COMPARE_INT("and", veci_and(a, b), x & y);
    COMPARE_INT("or", veci_or(a, b), x | y);
    COMPARE_INT("xor", veci_xor(a, b), x ^ y);
    COMPARE_INT("min", veci_min(a, b), x < y ? x : y);
    COMPARE_INT("max", veci_max(a, b), x > y ? x : y);
    COMPARE_INT("shl", veci_shl(a, bits), (uint32_t)x << bits);
    COMPARE_INT("shr", veci_shr(a, bits), (uint32_t)x >> bits);
    COMPARE_INT("sra", veci_sra(a, bits), x >> bits);
    COMPARE_INT("eq", vec_to_int(vec_select(veci_eq(a, b), one, zero)), x == y);
    COMPARE_INT("gt", vec_to_int(vec_select(veci_gt(a, b), one, zero)), x > y);
    COMPARE_INT("as", vec_as_int(veci_as_float(a)), x);
}

Test(vec, conversions)
{
    static const float from[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 2.4f, -2.6f, 1e6f, -2147483648.0f, 2147483520.0f};

    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        int32_t near[VEC_LANES], cut[VEC_LANES];
        float back[VEC_LANES];

        veci_store(near, vec_to_int(vec_set1(from[k])));
        veci_store(cut, vec_to_int_trunc(vec_set1(from[k])));
        vec_store(back, veci_to_float(veci_load(cut)));
        for (int i = 0; i < VEC_LANES; i++) {
            cr_assert_eq(near[i], (int32_t)rintf(from[k]));
            cr_assert_eq(cut[i], (int32_t)from[k]);
            cr_assert_eq(back[i], truncf(from[k]));
        }
    }
}

Test(vec, gather)
{
    float from[64], expected[VEC_LANES];
    int32_t index[VEC_LANES];

    for (int i = 0; i < 64; i++)
        from[i] = (float)i;
    for (int i = 0; i < VEC_LANES; i++) {
        index[i] = (i * 37 + 5) % 64;
        expected[i] = from[index[i]];
    }
    expect_vec("gather", vec_gather(from, veci_load(index)), expected);
}

Test(vec, transpose)
{
    vec r[VEC_LANES];

    for (int i = 0; i < VEC_LANES; i++) {
        float row[VEC_LANES];
        for (int j = 0; j < VEC_LANES; j++)
            row[j] = (float)(100 * i + j);
        r[i] = vec_load(row);
    }
    vec_transpose(r);
    for (int i = 0; i < VEC_LANES; i++) {
        float expected[VEC_LANES];
        for (int j = 0; j < VEC_LANES; j++)
            expected[j] = (float)(100 * j + i);
        expect_vec("transpose", r[i], expected);
    }
}
