/* What is said of a handful of repeated measurements. Times on a busy machine are few and skewed, with a sharp lower
 * edge and a long upper tail, so the centre is the median and nothing assumes a normal distribution. */
#ifndef LAYERCAKE_MEASURE_STATISTICS_H
#define LAYERCAKE_MEASURE_STATISTICS_H

#include <stddef.h>

#include "base/status.h"

/* Of no samples, or where one is not a finite number: everything is NaN. */
typedef struct cake_statistics {
    size_t count;
    double median, min, max, mean;
    double stddev; /* of the sample (n - 1 below the line); NaN for one sample */
    /* Confidence interval of the median, and with which probability it covers the true one (0.95). With fewer samples
     * than the level asked for needs (6 for 95 %) it is [min, max], and `confidence` what that gives: 1 - 2^(1-n). */
    double ci_low, ci_high, confidence;
} cake_statistics;

/* The interval is that of Hettmansperger and Sheather (1986), "Confidence intervals based on interpolated order
 * statistics", Statistics & Probability Letters 4, 75-79. It is valid for any continuous distribution up to the
 * interpolation, which moves the coverage by less than a percent point for skewed ones; samples must be independent.
 * `samples` is not changed. `confidence` lies in (0, 1). CAKE_E_MEMORY. */
cake_status cake_statistics_of(const double *samples, size_t count, double confidence, cake_statistics *statistics);

/* Of the ratios over[i] / under[i]: of two kernels measured in the same rounds, so that what slows both cancels. Rounds
 * are in their order: what is left of a drift makes neighbours alike, so that they tell less than as many independent
 * ones would. The interval is wider by sqrt((1 + r) / (1 - r)), r the neighbours' correlation if it is positive (Bayley and
 * Hammersley 1946, "The effective number of independent observations in an autocorrelated time series", Supplement to
 * the Journal of the Royal Statistical Society 8, 184-197). */
cake_status cake_statistics_of_ratios(const double *over, const double *under, size_t count, double confidence,
                                      cake_statistics *statistics);

/* Half the interval's width as a share of the median: what --precision asks for. Infinite where the interval does not
 * reach the confidence `wanted`, NaN for no samples. */
double cake_statistics_precision(const cake_statistics *statistics, double wanted);

#endif
