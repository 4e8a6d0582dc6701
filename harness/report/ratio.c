#include "report/ratio.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "measure/statistics.h"

enum { THIN_TO = 512, EXACT_TO = 60 };

const char *cake_ratio_method_name(cake_ratio_method method)
{
    static const char *const names[] = {[CAKE_RATIO_UNKNOWN] = "",
                                        [CAKE_RATIO_PAIRED] = "paired",
                                        [CAKE_RATIO_UNPAIRED] = "unpaired",
                                        [CAKE_RATIO_SUMMARY] = "medians"};

    return names[method];
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

cake_status cake_ratio_paired(cake_times base, cake_times now, cake_ratio *ratio)
{
    double *over = calloc(now.count + 1, sizeof *over), *under = calloc(now.count + 1, sizeof *under);
    cake_statistics statistics;
    cake_status status = CAKE_E_MEMORY;
    size_t pairs = 0;

    *ratio = CAKE_RATIO_NONE;
    if (!over || !under)
        goto out;
    for (size_t i = 0, j = 0; i < base.count && j < now.count;) {
        if (base.round[i] == now.round[j]) {
            under[pairs] = base.ns[i++];
            over[pairs++] = now.ns[j++];
        } else if (base.round[i] < now.round[j]) {
            i++;
        } else {
            j++;
        }
    }
    status = cake_statistics_of_ratios(over, under, pairs, CAKE_RATIO_CONFIDENCE, &statistics);
    if (status == CAKE_OK && !isnan(statistics.median))
        *ratio = (cake_ratio){statistics.median, statistics.ci_low, statistics.ci_high, statistics.confidence,
                              CAKE_RATIO_PAIRED};
out:
    free(over);
    free(under);
    return status;
}

/* How many of the orders of n and m values have each value of the statistic: the Gaussian binomial coefficient's
 * coefficients, product over i = 1 .. m of (1 - q^(n+i)) / (1 - q^i). All are whole numbers below 2^53 for n + m <=
 * 60 but the largest few, which are rounded in the last place. */
static void count_orders(double *count, size_t n, size_t m)
{
    size_t last = n * m;

    count[0] = 1;
    for (size_t i = 1; i <= last; i++)
        count[i] = 0;
    for (size_t i = 1; i <= m; i++) {
        for (size_t u = last; u >= n + i; u--)
            count[u] -= count[u - n - i];
        for (size_t u = i; u <= last; u++)
            count[u] += count[u - i];
    }
}

/* The largest k such that the statistic is below k with a probability of at most `tail`; that probability goes to
 * *below. At least 1, whose probability may be larger. */
static cake_status rank_of(size_t n, size_t m, double tail, size_t *rank, double *below)
{
    double *count, all = 0, sum = 0;

    if (n + m > EXACT_TO) {
        double nm = (double)n * (double)m;
        double z = 1.959963984540054; /* of the normal distribution, at 0.975 */

        *rank = (size_t)fmax(1, floor(nm / 2 - z * sqrt(nm * (double)(n + m + 1) / 12)));
        *below = tail;
        return CAKE_OK;
    }
    count = calloc(n * m + 1, sizeof *count);
    if (!count)
        return CAKE_E_MEMORY;
    count_orders(count, n, m);
    for (size_t u = 0; u <= n * m; u++)
        all += count[u];
    *rank = 1;
    *below = sum = count[0] / all;
    for (size_t u = 1; u <= n * m && sum + count[u] / all <= tail; u++) {
        sum += count[u] / all;
        *rank = u + 1;
        *below = sum;
    }
    free(count);
    return CAKE_OK;
}

/* The i-th of at most THIN_TO that stand for all. */
static double thinned(cake_times times, size_t i, size_t kept)
{
    return times.ns[i * times.count / kept];
}

cake_status cake_ratio_unpaired(cake_times base, cake_times now, cake_ratio *ratio)
{
    size_t n = base.count < THIN_TO ? base.count : THIN_TO, m = now.count < THIN_TO ? now.count : THIN_TO;
    size_t all = n * m, rank = 1;
    double below = 0, *ratios = calloc(all + 1, sizeof *ratios);
    bool finite = true;
    cake_status status = CAKE_E_MEMORY;

    *ratio = CAKE_RATIO_NONE;
    if (!ratios)
        return status;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            ratios[i * m + j] = thinned(now, j, m) / thinned(base, i, n);
            finite = finite && isfinite(ratios[i * m + j]);
        }
    }
    status = all > 0 && finite ? rank_of(n, m, (1 - CAKE_RATIO_CONFIDENCE) / 2, &rank, &below) : CAKE_OK;
    if (status == CAKE_OK && all > 0 && finite) {
        qsort(ratios, all, sizeof *ratios, by_value);
        *ratio = (cake_ratio){.ratio = 0.5 * (ratios[(all - 1) / 2] + ratios[all / 2]),
                              .low = ratios[rank - 1],
                              .high = ratios[all - rank],
                              .confidence = 1 - 2 * below,
                              .method = CAKE_RATIO_UNPAIRED};
    }
    free(ratios);
    return status;
}

cake_ratio cake_ratio_summary(const cake_row *base, const cake_row *now)
{
    double ratio = now->time_ns_median / base->time_ns_median;
    double low = now->time_ns_ci_low / base->time_ns_ci_high, high = now->time_ns_ci_high / base->time_ns_ci_low;

    if (!isfinite(ratio))
        return CAKE_RATIO_NONE;
    if (!isfinite(low) || !isfinite(high))
        return (cake_ratio){ratio, NAN, NAN, 0, CAKE_RATIO_SUMMARY};
    return (cake_ratio){ratio, low, high, CAKE_RATIO_CONFIDENCE, CAKE_RATIO_SUMMARY};
}

cake_ratio cake_ratio_weighted(const cake_ratio *ratios, const double *weights, size_t count)
{
    double total = 0, below = 0, above = 0;
    cake_ratio sum = {0, 0, 0, CAKE_RATIO_CONFIDENCE, CAKE_RATIO_UNKNOWN};

    for (size_t i = 0; i < count; i++)
        total += weights[i];
    if (count == 0 || !(total > 0))
        return CAKE_RATIO_NONE;
    for (size_t i = 0; i < count; i++) {
        double weight = weights[i] / total, down = weight * (ratios[i].ratio - ratios[i].low),
               up = weight * (ratios[i].high - ratios[i].ratio);

        sum.ratio += weight * ratios[i].ratio;
        below += down * down;
        above += up * up;
        sum.confidence = fmin(sum.confidence, ratios[i].confidence);
        if (ratios[i].method > sum.method)
            sum.method = ratios[i].method;
    }
    sum.low = sum.ratio - sqrt(below);
    sum.high = sum.ratio + sqrt(above);
    return sum;
}
