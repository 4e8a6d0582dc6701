/* How much slower is one kernel than another, and how sure is that? */
#ifndef LAYERCAKE_REPORT_RATIO_H
#define LAYERCAKE_REPORT_RATIO_H

#include <stddef.h>

#include "base/status.h"
#include "report/results.h"

#define CAKE_RATIO_CONFIDENCE 0.95

typedef enum cake_ratio_method {
    CAKE_RATIO_UNKNOWN,  /* no times */
    CAKE_RATIO_PAIRED,   /* both took turns in the same rounds of one run */
    CAKE_RATIO_UNPAIRED, /* samples of their own */
    CAKE_RATIO_SUMMARY   /* only medians and their intervals are left */
} cake_ratio_method;

/* "paired", ... */
const char *cake_ratio_method_name(cake_ratio_method method);

/* New time / old time. NAN: unknown. */
typedef struct cake_ratio {
    double ratio, low, high; /* the interval covers the true ratio with `confidence` */
    double confidence;       /* less than CAKE_RATIO_CONFIDENCE where there are too few samples for it */
    cake_ratio_method method;
} cake_ratio;

#define CAKE_RATIO_NONE ((cake_ratio){NAN, NAN, NAN, NAN, CAKE_RATIO_UNKNOWN})

/* Times of a call, and the rounds they were taken in (ascending, or NULL: none). */
typedef struct cake_times {
    const double *ns;
    const int64_t *round;
    size_t count;
} cake_times;

/* Median of the ratios in the rounds that both have, with the interval of cake_statistics_of_ratios. */
cake_status cake_ratio_paired(cake_times base, cake_times now, cake_ratio *ratio);

/* Hodges and Lehmann's estimate: the median of all ratios of a new time to an old one. The interval is Moses's: the
 * ratios of those ranks that Mann and Whitney's statistic falls between with the confidence asked for, exact up to 60
 * samples in all, by the normal approximation beyond; valid for any continuous distribution if one is the other times
 * a constant (Lehmann 1963, "Nonparametric confidence intervals for a shift parameter", Annals of Mathematical
 * Statistics 34, 1507-1512). Samples beyond 512 a side are thinned out evenly. */
cake_status cake_ratio_unpaired(cake_times base, cake_times now, cake_ratio *ratio);

/* Of medians with 95 % intervals, when the samples are lost: low / high and high / low, which covers with at least 90
 * % and mostly far more (Bonferroni). */
cake_ratio cake_ratio_summary(const cake_row *base, const cake_row *now);

/* Of weighted sums, sum w r / sum w, from each ratio's own interval: Zou and Donner's MOVER (2008, "Construction of
 * confidence limits about effect measures", Statistics in Medicine 27, 1693-1702),
 *     low = r - sqrt(sum (w_i (r_i - low_i))^2),   high likewise;   w scaled to a sum of 1. */
cake_ratio cake_ratio_weighted(const cake_ratio *ratios, const double *weights, size_t count);

#endif
