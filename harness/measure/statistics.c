#include "measure/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* P(X = successes) of n fair coins. */
static double binomial(size_t n, size_t successes)
{
    return exp(lgamma((double)n + 1) - lgamma((double)successes + 1) - lgamma((double)(n - successes) + 1) -
               (double)n * log(2));
}

/* The median lies between the d-th smallest and the d-th largest of n samples unless fewer than d of them fall on one
 * side of it; each falls on either side as a coin does. So the interval covers it with 1 - 2 P(X <= d - 1).
 *
 * Let d be the narrowest such interval that covers with at least the level wanted. Its ends, and those of the next
 * narrower one, d + 1, are interpolated by
 *     i = (c(d) - level) / (c(d) - c(d + 1)),   l = (n - d) i / (d + (n - 2 d) i)
 *     low = (1 - l) x(d) + l x(d + 1),          high = (1 - l) x(n - d + 1) + l x(n - d)
 * exact where the density is symmetric about the median and exponential on both sides (Hettmansperger and Sheather).
 */
static void interval(const double *sorted, size_t n, double level, cake_statistics *statistics)
{
    double below = binomial(n, 0), covers = 1 - 2 * below, narrower, i, l;
    size_t d = 1;

    statistics->ci_low = sorted[0];
    statistics->ci_high = sorted[n - 1];
    if (covers < level) {
        statistics->confidence = covers;
        return;
    }
    statistics->confidence = level;
    for (;; d++, covers = narrower) {
        below += binomial(n, d);
        narrower = 1 - 2 * below;
        if (narrower < level)
            break;
    }
    i = (covers - level) / (covers - narrower);
    l = (double)(n - d) * i / ((double)d + ((double)n - 2 * (double)d) * i);
    statistics->ci_low = (1 - l) * sorted[d - 1] + l * sorted[d];
    statistics->ci_high = (1 - l) * sorted[n - d] + l * sorted[n - d - 1];
}

/* Of sorted, finite samples, at least one. */
static void describe(const double *sorted, size_t n, double level, cake_statistics *statistics)
{
    double sum = 0, squares = 0;

    for (size_t i = 0; i < n; i++)
        sum += sorted[i];
    statistics->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (sorted[i] - statistics->mean) * (sorted[i] - statistics->mean);
    if (n > 1)
        statistics->stddev = sqrt(squares / (double)(n - 1));
    statistics->min = sorted[0];
    statistics->max = sorted[n - 1];
    statistics->median = n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
    interval(sorted, n, level, statistics);
}

/* Takes `samples`, sorts and frees it. */
static cake_status summarise(double *samples, size_t count, double level, cake_statistics *statistics)
{
    bool finite = true;

    *statistics = (cake_statistics){count, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    for (size_t i = 0; i < count; i++)
        finite = finite && isfinite(samples[i]);
    if (count > 0 && finite) {
        qsort(samples, count, sizeof *samples, compare);
        describe(samples, count, level, statistics);
    }
    free(samples);
    return CAKE_OK;
}

cake_status cake_statistics_of(const double *samples, size_t count, double confidence, cake_statistics *statistics)
{
    double *copy = calloc(count ? count : 1, sizeof *copy);

    if (!copy)
        return CAKE_E_MEMORY;
    if (count)
        memcpy(copy, samples, count * sizeof *copy);
    return summarise(copy, count, confidence, statistics);
}

/* By how much neighbours' likeness widens an interval. Of logarithms: a batch that was held up must not decide. */
static double widening(const double *ratios, size_t count)
{
    double mean = 0, variance = 0, covariance = 0, r;

    for (size_t i = 0; i < count; i++)
        mean += log(ratios[i]) / (double)count;
    for (size_t i = 0; i < count; i++) {
        double here = log(ratios[i]) - mean;

        variance += here * here;
        covariance += i > 0 ? here * (log(ratios[i - 1]) - mean) : 0;
    }
    r = variance > 0 ? covariance / variance : 0;
    r = r < 0 || !isfinite(r) ? 0 : r > 0.9 ? 0.9 : r;
    return sqrt((1 + r) / (1 - r));
}

cake_status cake_statistics_of_ratios(const double *over, const double *under, size_t count, double confidence,
                                      cake_statistics *statistics)
{
    double *ratios = calloc(count ? count : 1, sizeof *ratios), wider;
    cake_status status;

    if (!ratios)
        return CAKE_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        ratios[i] = over[i] / under[i];
    wider = widening(ratios, count);
    status = summarise(ratios, count, confidence, statistics);
    statistics->ci_low = statistics->median - wider * (statistics->median - statistics->ci_low);
    statistics->ci_high = statistics->median + wider * (statistics->ci_high - statistics->median);
    return status;
}

double cake_statistics_precision(const cake_statistics *statistics, double wanted)
{
    if (isnan(statistics->median))
        return NAN;
    if (statistics->confidence < wanted)
        return INFINITY;
    return 0.5 * (statistics->ci_high - statistics->ci_low) / fabs(statistics->median);
}
