/* Tests of gemm_in_place.inc.h, written once: a file includes a vector header, gemm_in_place.inc.h, defines VEC_SUPPORTED, then
 * includes this. Whole numbers, so that every order of summation gives the same floats. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/random.h"

static void skip_without_isa(void)
{
    if (!VEC_SUPPORTED)
        cr_skip_test("this CPU lacks the instructions");
}

TestSuite(gemm, .init = skip_without_isa);

static float *floats(int64_t n)
{
    float *p = aligned_alloc(64, ((size_t)(n > 0 ? n : 1) * sizeof *p + 63) / 64 * 64);

    cr_assert(p);
    return p;
}

static float *whole_numbers(int64_t n, cake_random *random)
{
    float *p = floats(n);

    for (int64_t i = 0; i < n; i++)
        p[i] = (float)cake_random_below(random, 17) - 8;
    return p;
}

enum { PLAIN, BIAS, ACCUMULATE };

/* c [m][n] with a margin that must stay untouched, computed in uneven pieces of rows and panels. */
static void check(int64_t m, int64_t n, int64_t k, int mode)
{
    cake_random random = {.state = (uint64_t)(m * 1000003 + n * 1009 + k)};
    int64_t lda = k + 3, ldc = n + 5, panels = gemm_panels(n), kc = m <= GEMM_FEW ? k : gemm_k_block_of(k, GEMM_KC);
    float *a = whole_numbers(m * lda, &random), *b = whole_numbers(n * k, &random);
    float *bias = whole_numbers(n, &random), *c = whole_numbers(m * ldc, &random), *before = floats(m * ldc);
    float *packed = floats(gemm_b_floats(k, n));
    gemm g = {.a = a, .lda = lda, .b = packed, .k = k, .kc = kc, .n = n, .c = c, .ldc = ldc};

    g.bias = mode == BIAS ? bias : NULL;
    g.accumulate = mode == ACCUMULATE;
    for (int64_t i = 0; i < m * ldc; i++)
        before[i] = c[i];
    gemm_pack_b(packed, b, k, kc, n, 1, k, 0, panels / 2);
    gemm_pack_b(packed, b, k, kc, n, 1, k, panels / 2, panels);
    gemm_compute(&g, 0, m / 3, 0, panels);
    gemm_compute(&g, m / 3, m, panels / 3, panels);
    gemm_compute(&g, m / 3, m, 0, panels / 3);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < ldc; j++) {
            double expected = before[i * ldc + j];
            if (j < n) {
                expected = mode == ACCUMULATE ? expected : mode == BIAS ? bias[j] : 0;
                for (int64_t l = 0; l < k; l++)
                    expected += (double)a[i * lda + l] * b[j * k + l];
            }
            cr_assert_eq((double)c[i * ldc + j], expected, "m=%ld n=%ld k=%ld mode=%d at [%ld][%ld]", (long)m,
                         (long)n, (long)k, mode, (long)i, (long)j);
        }
    free(a), free(b), free(bias), free(c), free(before), free(packed);
}

Test(gemm, every_tail_of_rows_and_columns)
{
    for (int64_t m = 1; m <= 2 * GEMM_MR + 1; m++)
        for (int64_t n = 1; n <= 2 * GEMM_NR + 1; n += n % 8 == 7 ? 1 : 3)
            check(m, n, 5, (int)(m + n) % 3);
}

Test(gemm, every_depth)
{
    for (int64_t k = 1; k <= 40; k++)
        for (int64_t m = 1; m <= 5; m++)
            check(m, GEMM_NR + 1, k, (int)(m + k) % 3);
}

Test(gemm, blocks_of_depth)
{
    static const int64_t k[] = {GEMM_KC - 1, GEMM_KC, GEMM_KC + 1, 2 * GEMM_KC + 1, 3 * GEMM_KC};

    for (size_t i = 0; i < sizeof k / sizeof *k; i++)
        for (int mode = PLAIN; mode <= ACCUMULATE; mode++)
            check(1, GEMM_NR + 3, k[i], mode), check(GEMM_MR + 2, GEMM_NR + 3, k[i], mode);
}

/* gemm_panel, with what it fetches: c [rows][GEMM_NR] = add + a b. */
static void check_panel(int64_t rows, int64_t k)
{
    cake_random random = {.state = (uint64_t)(rows * 1009 + k)};
    int64_t lda = k + 3;
    float *a = whole_numbers(rows * lda, &random), *b = whole_numbers(2 * k * GEMM_NR, &random);
    float *add = whole_numbers(rows * GEMM_NR, &random), *c = floats((rows + 1) * GEMM_NR);
    gemm_tile_end end = {.c = c, .ldc = GEMM_NR, .step = VEC_LANES, .columns = GEMM_NR};

    end.add = add, end.ldadd = GEMM_NR, end.addstep = VEC_LANES;
    for (int64_t i = 0; i < (rows + 1) * GEMM_NR; i++)
        c[i] = -1.0F;
    gemm_panel(rows, k, a, lda, b, b + k * GEMM_NR, end);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < GEMM_NR; j++) {
            double expected = add[i * GEMM_NR + j];
            for (int64_t l = 0; l < k; l++)
                expected += (double)a[i * lda + l] * b[l * GEMM_NR + j];
            cr_assert_eq((double)c[i * GEMM_NR + j], expected, "rows=%ld k=%ld at [%ld][%ld]", (long)rows, (long)k,
                         (long)i, (long)j);
        }
    for (int64_t j = 0; j < GEMM_NR; j++)
        cr_assert_eq(c[rows * GEMM_NR + j], -1.0F);
    free(a), free(b), free(add), free(c);
}

Test(gemm, a_panel_for_any_rows)
{
    for (int64_t rows = 1; rows <= 4 * GEMM_MR + 1; rows++)
        check_panel(rows, 1), check_panel(rows, 37);
}

Test(gemm, tiles_share_what_they_fetch)
{
    enum { DEPTH = 3, PANELS = 5 };
    const float next[PANELS * DEPTH * GEMM_NR] = {0};

    cr_assert_null(gemm_share(NULL, 0, 2, DEPTH));
    for (int64_t tiles = 2; tiles <= 9; tiles++) {
        int64_t halves = 0;
        for (int64_t number = 0; number < tiles * PANELS; number++) {
            const float *fetch = gemm_share(next, number, tiles, DEPTH);
            if (fetch)
                cr_assert_eq(fetch, next + halves++ * DEPTH * GEMM_LINE, "tiles=%ld number=%ld", (long)tiles,
                             (long)number);
        }
        cr_assert_eq(halves, 2 * PANELS, "tiles=%ld", (long)tiles);
    }
}

Test(gemm, packs_from_any_strides)
{
    enum { K = 7, N = GEMM_NR + 2 };
    cake_random random = {.state = 3};
    float *b = whole_numbers(K * N, &random), *t = floats(K * N);
    float *one = floats(gemm_b_floats(K, N)), *other = floats(gemm_b_floats(K, N));

    for (int i = 0; i < K; i++)
        for (int j = 0; j < N; j++)
            t[j * K + i] = b[i * N + j];
    gemm_pack_b(one, b, K, K, N, N, 1, 0, gemm_panels(N));
    gemm_pack_b(other, t, K, K, N, 1, K, 0, gemm_panels(N));
    for (int64_t i = 0; i < gemm_b_floats(K, N); i++)
        cr_assert_eq(one[i], other[i]);
    free(b), free(t), free(one), free(other);
}
