#include "report/ratio.h"

#include <criterion/criterion.h>
#include <math.h>

#include "base/random.h"

static cake_times times(const double *ns, const int64_t *round, size_t count)
{
    return (cake_times){ns, round, count};
}

/* n = m = 4: 70 orders, the statistic is 0 in one: the outermost ratios cover with 1 - 2/70; below 1 in two: too
 * many. */
Test(ratio, intervals_of_few_samples_are_exact)
{
    const double base[] = {1, 2, 3, 4}, now[] = {10, 20, 30, 40};
    cake_ratio ratio;

    cr_assert_eq(cake_ratio_unpaired(times(base, NULL, 4), times(now, NULL, 4), &ratio), CAKE_OK);
    cr_assert_eq(ratio.low, 2.5);
    cr_assert_eq(ratio.high, 40);
    cr_assert_float_eq(ratio.confidence, 1 - 2.0 / 70, 1e-12);
    cr_assert_eq(ratio.ratio, 10);
    /* n = m = 3: 1 of 20 orders has the statistic 0: no interval of 95 %, and it says so. */
    cr_assert_eq(cake_ratio_unpaired(times(base, NULL, 3), times(now, NULL, 3), &ratio), CAKE_OK);
    cr_assert_float_eq(ratio.confidence, 0.9, 1e-12);
    /* n = m = 8: tables of Mann and Whitney's test give 13 as the critical value at 5 %, two-sided. */
    {
        double x[8], y[8], all[64];
        int used = 0;

        for (int i = 0; i < 8; i++) {
            x[i] = 1 + 0.01 * i * i;
            y[i] = 3 + 0.013 * i * i * i;
        }
        cr_assert_eq(cake_ratio_unpaired(times(x, NULL, 8), times(y, NULL, 8), &ratio), CAKE_OK);
        for (int i = 0; i < 8; i++)
            for (int j = 0; j < 8; j++)
                all[used++] = y[j] / x[i];
        for (int i = 0; i < 64; i++)
            for (int j = i + 1; j < 64; j++)
                if (all[j] < all[i]) {
                    double t = all[i];

                    all[i] = all[j];
                    all[j] = t;
                }
        cr_assert_eq(ratio.low, all[13]);
        cr_assert_eq(ratio.high, all[63 - 13]);
    }
}

Test(ratio, nothing_is_said_of_nothing)
{
    const double base[] = {1, 2}, none[] = {0, 0};
    cake_ratio ratio;

    cr_assert_eq(cake_ratio_unpaired(times(base, NULL, 2), times(base, NULL, 0), &ratio), CAKE_OK);
    cr_assert(isnan(ratio.ratio));
    cr_assert_eq(cake_ratio_unpaired(times(none, NULL, 2), times(base, NULL, 2), &ratio), CAKE_OK);
    cr_assert(isnan(ratio.ratio));
    cr_assert(isnan(cake_ratio_weighted(NULL, NULL, 0).ratio));
}

/* Only rounds that both have are paired: a drift that both went through does not show. */
Test(ratio, pairs_are_of_the_same_round)
{
    const double base[] = {1, 10, 100, 1000, 1e4, 1e5, 1e6}, now[] = {20, 200, 2000, 2e4, 2e5, 2e6, 7};
    const int64_t base_round[] = {0, 1, 2, 3, 4, 5, 6}, now_round[] = {1, 2, 3, 4, 5, 6, 9};
    cake_ratio ratio;

    cr_assert_eq(cake_ratio_paired(times(base, base_round, 7), times(now, now_round, 7), &ratio), CAKE_OK);
    cr_assert_eq(ratio.ratio, 2);
    cr_assert_eq(ratio.low, 2);
    cr_assert_eq(ratio.high, 2);
    cr_assert_eq(ratio.method, CAKE_RATIO_PAIRED);
}

/* The intervals cover as often as they claim, for skewed times and any size. Random numbers are always the same. */
static double coverage(size_t n, size_t m, bool paired)
{
    cake_random random = {n * 1000 + m};
    int covered = 0, tries = 2000;

    for (int t = 0; t < tries; t++) {
        double base[100], now[100];
        int64_t round[100];
        cake_ratio ratio;

        for (size_t i = 0; i < n || i < m; i++) {
            base[i] = 1 - 0.1 * log(cake_random_real(&random, 1e-9, 1));
            now[i] = 1.5 * (1 - 0.1 * log(cake_random_real(&random, 1e-9, 1)));
            round[i] = (int64_t)i;
        }
        cr_assert_eq(paired ? cake_ratio_paired(times(base, round, n), times(now, round, m), &ratio)
                            : cake_ratio_unpaired(times(base, NULL, n), times(now, NULL, m), &ratio),
                     CAKE_OK);
        covered += ratio.low <= 1.5 && 1.5 <= ratio.high;
    }
    return (double)covered / tries;
}

Test(ratio, intervals_cover_as_often_as_they_claim)
{
    static const size_t sizes[][2] = {{4, 4}, {10, 10}, {12, 30}, {30, 30}, {40, 40}};

    /* 2000 tries at 95 %: three standard deviations are 1.5 points. */
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        cr_expect_geq(coverage(sizes[i][0], sizes[i][1], false), 0.935, "%zu and %zu", sizes[i][0], sizes[i][1]);
    cr_expect_leq(coverage(30, 30, false), 0.97);
    cr_expect_geq(coverage(12, 12, true), 0.935);
}

Test(ratio, sums_have_narrower_intervals_than_their_parts)
{
    const cake_ratio parts[] = {{1.0, 0.9, 1.2, 0.95, CAKE_RATIO_PAIRED}, {2.0, 1.9, 2.2, 0.95, CAKE_RATIO_PAIRED}};
    const double weights[] = {30, 10};
    cake_ratio sum = cake_ratio_weighted(parts, weights, 2);

    cr_assert_float_eq(sum.ratio, 1.25, 1e-12);
    cr_assert_float_eq(sum.low, 1.25 - sqrt(0.075 * 0.075 + 0.025 * 0.025), 1e-12);
    cr_assert_float_eq(sum.high, 1.25 + sqrt(0.15 * 0.15 + 0.05 * 0.05), 1e-12);
}
