#include "report/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/pick.h"

const char *cake_change_name(cake_change change)
{
    static const char *const names[] = {[CAKE_CHANGE_NONE] = "",
                                        [CAKE_CHANGE_FASTER] = "faster",
                                        [CAKE_CHANGE_SLOWER] = "slower",
                                        [CAKE_CHANGE_SAME] = "same",
                                        [CAKE_CHANGE_UNCLEAR] = "unclear"};

    return names[change];
}

/* Times of a row's samples; over_baseline: divided by those of its baseline in the same rounds. */
typedef struct row_times {
    double *ns;
    int64_t *round;
    size_t count;
} row_times;

static size_t index_of(const cake_results *results, const cake_row *row)
{
    return (size_t)(row - results->rows.row);
}

/* The row of the same workload by the kernel that the row's `baseline` names. */
static const cake_row *baseline_of(const cake_groups *groups, const cake_row *row)
{
    for (size_t g = 0; g < groups->count; g++) {
        const cake_group *group = &groups->group[g];
        const cake_row *found = NULL;
        bool here = false;

        for (size_t i = 0; i < group->count; i++) {
            here = here || group->rows[i] == row;
            if (!found && cake_pick_has(cake_row_string(row->baseline), group->rows[i]))
                found = group->rows[i];
        }
        if (here)
            return found;
    }
    return NULL;
}

static cake_status take_times(const cake_results *results, const cake_groups *groups, const cake_row *row,
                              bool over_baseline, row_times *times)
{
    size_t n = 0, n_under = 0, j = 0;
    const cake_sample *samples = cake_results_samples(results, index_of(results, row), &n), *under = NULL;

    *times = (row_times){calloc(n + 1, sizeof *times->ns), calloc(n + 1, sizeof *times->round), 0};
    if (!times->ns || !times->round)
        return CAKE_E_MEMORY;
    if (over_baseline) {
        const cake_row *baseline = baseline_of(groups, row);

        if (!baseline || !cake_row_is_ok(baseline))
            return CAKE_OK;
        under = cake_results_samples(results, index_of(results, baseline), &n_under);
    }
    for (size_t i = 0; i < n; i++) {
        double ns = samples[i].ns / (double)samples[i].iterations;

        if (over_baseline) {
            while (j < n_under && under[j].round < samples[i].round)
                j++;
            if (j == n_under || under[j].round != samples[i].round)
                continue;
            ns /= under[j].ns / (double)under[j].iterations;
        }
        times->ns[times->count] = ns;
        times->round[times->count++] = samples[i].round;
    }
    return CAKE_OK;
}

bool cake_judge_is_sure(cake_ratio ratio)
{
    return ratio.confidence >= CAKE_RATIO_CONFIDENCE - 1e-9;
}

cake_status cake_judge_ratio(const cake_compare_request *request, const cake_comparison *comparison,
                             const cake_row *base, const cake_row *now, cake_ratio *ratio)
{
    row_times base_times = {0}, now_times = {0};
    bool one_run = request->base == request->now;
    bool rounds = one_run && base->rounds > 0 && now->rounds > 0;
    cake_status status =
        take_times(request->base, &comparison->base_groups, base, request->over_baseline, &base_times);

    if (status == CAKE_OK)
        status = take_times(request->now, one_run ? &comparison->base_groups : &comparison->now_groups, now,
                            request->over_baseline, &now_times);
    if (status == CAKE_OK) {
        cake_times b = {base_times.ns, base_times.round, base_times.count};
        cake_times n = {now_times.ns, now_times.round, now_times.count};

        *ratio = CAKE_RATIO_NONE;
        if (rounds)
            status = cake_ratio_paired(b, n, ratio);
        /* A few samples that are too few in pairs can do in all pairs. */
        if (status == CAKE_OK && !cake_judge_is_sure(*ratio))
            status = cake_ratio_unpaired(b, n, ratio);
        if (status == CAKE_OK && isnan(ratio->ratio) && !request->over_baseline)
            *ratio = cake_ratio_summary(base, now);
    }
    free(base_times.ns);
    free(base_times.round);
    free(now_times.ns);
    free(now_times.round);
    return status;
}

cake_change cake_judge_change(cake_ratio ratio, double margin)
{
    if (isnan(ratio.ratio))
        return CAKE_CHANGE_NONE;
    if (!isfinite(ratio.low) || !isfinite(ratio.high) || !cake_judge_is_sure(ratio))
        return CAKE_CHANGE_UNCLEAR;
    if (ratio.low > 1 + margin)
        return CAKE_CHANGE_SLOWER;
    if (ratio.high < 1 / (1 + margin))
        return CAKE_CHANGE_FASTER;
    if (ratio.low >= 1 / (1 + margin) && ratio.high <= 1 + margin)
        return CAKE_CHANGE_SAME;
    return CAKE_CHANGE_UNCLEAR;
}

bool cake_judge_beyond_gate(const cake_compare_request *request, cake_ratio ratio)
{
    return !isnan(request->slower_by) && cake_judge_is_sure(ratio) && ratio.low > 1 + request->slower_by;
}
