#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "measure/rounds.h"
#include "measure/statistics.h"

static cake_statistics of(const double *samples, size_t count, double confidence)
{
    cake_statistics statistics;

    cr_assert_eq(cake_statistics_of(samples, count, confidence, &statistics), CAKE_OK);
    return statistics;
}

Test(statistics, plain_numbers)
{
    const double samples[] = {5, 1, 4, 2, 100};
    cake_statistics s = of(samples, 5, 0.95), even = of(samples, 4, 0.95);

    cr_expect_eq(s.count, 5);
    cr_expect_eq(s.median, 4);
    cr_expect_eq(s.min, 1);
    cr_expect_eq(s.max, 100);
    cr_expect_float_eq(s.mean, 22.4, 1e-12);
    cr_expect_float_eq(s.stddev, sqrt(1884.3), 1e-9);
    cr_expect_eq(even.median, 3);
    cr_expect_eq(samples[0], 5, "samples are not changed");
}

Test(statistics, too_few_samples_say_so)
{
    const double samples[] = {3, 1, 2, 5, 4, 6};

    for (size_t n = 1; n < 6; n++) {
        cake_statistics s = of(samples, n, 0.95);

        cr_expect_eq(s.ci_low, s.min);
        cr_expect_eq(s.ci_high, s.max);
        cr_expect_float_eq(s.confidence, 1 - pow(2, 1 - (double)n), 1e-12);
        cr_expect(isinf(cake_statistics_precision(&s, 0.95)));
    }
    cr_expect_eq(of(samples, 6, 0.95).confidence, 0.95);
    cr_expect(isnan(of(samples, 1, 0.95).stddev));
    cr_expect_eq(of(samples, 1, 0.95).median, 3);
}

Test(statistics, nothing_is_known_of_nothing_or_of_nan)
{
    const double samples[] = {1, NAN, 2}, infinite[] = {1, INFINITY};

    cr_expect(isnan(of(NULL, 0, 0.95).median));
    cr_expect(isnan(of(samples, 3, 0.95).min));
    cr_expect(isnan(of(infinite, 2, 0.95).ci_high));
    cake_statistics none = of(NULL, 0, 0.95);
    cr_expect(isnan(cake_statistics_precision(&none, 0.95)));
}

/* By hand for n = 10: 1 - 2 P(X <= 1) = 1 - 22/1024 = 0.978516, 1 - 2 P(X <= 2) = 1 - 112/1024 = 0.890625;
 * i = 0.028516 / 0.087891 = 0.324444, l = 8 i / (2 + 6 i) = 0.657563. */
Test(statistics, interval_by_hand)
{
    const double samples[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
    cake_statistics s = of(samples, 10, 0.95);

    cr_expect_float_eq(s.ci_low, 20 + 10 * 0.657563, 1e-3, "%g", s.ci_low);
    cr_expect_float_eq(s.ci_high, 90 - 10 * 0.657563, 1e-3, "%g", s.ci_high);
    cr_expect_float_eq(cake_statistics_precision(&s, 0.95), (s.ci_high - s.ci_low) / 2 / 55, 1e-12);
}

Test(statistics, many_samples)
{
    enum { N = 20001 };
    double *samples = malloc(N * sizeof *samples);
    cake_statistics s;

    for (int i = 0; i < N; i++)
        samples[i] = (i * 7919) % N;
    s = of(samples, N, 0.95);
    cr_expect_eq(s.median, 10000);
    /* The normal approximation: half width 1.96 sqrt(n) / 2. */
    cr_expect_float_eq(s.ci_low, 10000 - 0.98 * sqrt(N), 2);
    cr_expect_float_eq(s.ci_high, 10000 + 0.98 * sqrt(N), 2);
    free(samples);
}

Test(statistics, ratios_cancel_what_slows_both)
{
    double a[16], b[16];
    cake_statistics s;

    for (int i = 0; i < 16; i++) {
        double drift = 1 + i;

        a[i] = 3 * drift, b[i] = 2 * drift;
    }
    cr_assert_eq(cake_statistics_of_ratios(a, b, 16, 0.95, &s), CAKE_OK);
    cr_expect_float_eq(s.median, 1.5, 1e-12);
    cr_expect_float_eq(s.ci_low, 1.5, 1e-12);
    cr_expect_float_eq(s.ci_high, 1.5, 1e-12);
    b[3] = 0;
    cr_assert_eq(cake_statistics_of_ratios(a, b, 16, 0.95, &s), CAKE_OK);
    cr_expect(isnan(s.median));
}

/* Rounds that drift tell less than independent ones: each half of these repeats one ratio. */
Test(statistics, neighbours_that_are_alike_widen_the_interval)
{
    double alike[16], shuffled[16], one[16];
    cake_statistics s, t;

    for (int i = 0; i < 16; i++) {
        alike[i] = 1 + 0.1 * (i / 4);
        shuffled[i] = 1 + 0.1 * (i * 7 % 16 / 4);
        one[i] = 1;
    }
    cr_assert_eq(cake_statistics_of_ratios(alike, one, 16, 0.95, &s), CAKE_OK);
    cr_assert_eq(cake_statistics_of_ratios(shuffled, one, 16, 0.95, &t), CAKE_OK);
    cr_expect_float_eq(s.median, t.median, 1e-12);
    cr_expect_gt(s.ci_high - s.ci_low, 1.5 * (t.ci_high - t.ci_low));
    cr_expect_lt(s.ci_low, s.median);
}

/* --- Does the interval cover the median as often as it claims? ------------------------------------------------- */

typedef double draw(cake_random *random);

static double exponential(cake_random *random)
{
    return -log(cake_random_real(random, 0x1p-53, 1));
}

static double normal(cake_random *random)
{
    return sqrt(2 * exponential(random)) * cos(2 * 3.14159265358979323846 * cake_random_real(random, 0, 1));
}

static double lognormal(cake_random *random)
{
    return exp(normal(random));
}

/* As times are: a sharp edge, and now and then a much slower one. */
static double edge_and_tail(cake_random *random)
{
    double slow = cake_random_real(random, 0, 1) < 0.1 ? 10 * exponential(random) : 0;

    return 100 + exponential(random) * 0.5 + slow;
}

static double median_of(draw *distribution)
{
    enum { N = 400001 };
    cake_random random = {99};
    double *samples = malloc(N * sizeof *samples), median;

    for (int i = 0; i < N; i++)
        samples[i] = distribution(&random);
    median = of(samples, N, 0.95).median;
    free(samples);
    return median;
}

Test(statistics, coverage_on_skewed_distributions, .timeout = 60)
{
    static draw *const distributions[] = {normal, exponential, lognormal, edge_and_tail};
    static const size_t counts[] = {3, 5, 6, 7, 8, 10, 15, 20, 40};
    enum { TRIALS = 10000 };

    for (size_t d = 0; d < 4; d++) {
        double truth = median_of(distributions[d]);

        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            cake_random random = {1000 * d + c};
            double samples[40], claimed = 0, coverage;
            int covered = 0;

            for (int trial = 0; trial < TRIALS; trial++) {
                cake_statistics s;

                for (size_t i = 0; i < counts[c]; i++)
                    samples[i] = distributions[d](&random);
                s = of(samples, counts[c], 0.95);
                covered += s.ci_low <= truth && truth <= s.ci_high;
                claimed = s.confidence;
            }
            coverage = (double)covered / TRIALS;
            /* 10,000 trials have a standard error of 0.22 points; 1 point for that and the interpolation. */
            cr_expect_float_eq(coverage, claimed, 0.01, "distribution %zu, %zu samples: claimed %.4f, covered %.4f",
                               d, counts[c], claimed, coverage);
        }
    }
}

/* --- Rounds ---------------------------------------------------------------------------------------------------- */

Test(rounds, each_follows_each_equally_often)
{
    for (size_t k = 1; k <= 13; k++) {
        size_t follows[13][13] = {{0}}, stands[13][13] = {{0}}, order[13];
        size_t period = cake_rounds_period(k);

        cr_assert_eq(period, k == 1 ? 1 : k % 2 ? 2 * k : k);
        for (size_t round = 0; round < 3 * period; round++) {
            cake_rounds_order(k, round, order);
            for (size_t i = 0; i < k; i++) {
                cr_assert_lt(order[i], k);
                stands[order[i]][i]++;
                if (i > 0)
                    follows[order[i - 1]][order[i]]++;
            }
        }
        for (size_t a = 0; a < k; a++)
            for (size_t b = 0; b < k; b++) {
                cr_expect_eq(stands[a][b], 3 * period / k, "k=%zu: %zu in place %zu", k, a, b);
                cr_expect_eq(follows[a][b], a == b ? 0 : 3 * period / k, "k=%zu: %zu after %zu", k, b, a);
            }
    }
}
