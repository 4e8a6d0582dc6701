/* How one row's time stands to another's, and what is said of it. */
#ifndef LAYERCAKE_REPORT_JUDGE_H
#define LAYERCAKE_REPORT_JUDGE_H

#include "report/compare.h"

/* The ratio now / base: paired by round within a run, else of all pairs of samples; without samples of the medians.
 * NaN where neither has times, or none over the baseline. CAKE_E_MEMORY. */
cake_status cake_judge_ratio(const cake_compare_request *request, const cake_comparison *comparison,
                             const cake_row *base, const cake_row *now, cake_ratio *ratio);

/* Enough samples for the confidence that is asked for. */
bool cake_judge_is_sure(cake_ratio ratio);

/* Nothing is said on less confidence than was asked for. */
cake_change cake_judge_change(cake_ratio ratio, double margin);

/* The whole interval lies beyond the gate. */
bool cake_judge_beyond_gate(const cake_compare_request *request, cake_ratio ratio);

#endif
