#include "run/rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/statistics.h"
#include "run/valgrind.h"

/* A time below this share of the floor is a verdict: the peaks are measured too, on a machine that is never quite
 * idle. */
#define IMPOSSIBLE_SHARE 0.9

/* A clock that changes by more than this between a row's repetitions is told. */
#define CLOCK_DRIFT_LIMIT 0.05

/* Measuring the peaks anew takes a second each time. */
enum { RAISES_MOST = 12 };

static const char *accuracy_name(int32_t accuracy)
{
    return accuracy == CAKE_EXACT ? "exact" : accuracy == CAKE_STANDARD ? "standard" : "fast";
}

static const char *mode_name(const cake_worker_settings *settings)
{
    if (settings->in_process)
        return "in-process";
    if (settings->paranoid)
        return settings->load_in_place ? "worker+paranoid+load-in-place" : "worker+paranoid";
    return settings->load_in_place ? "worker+load-in-place" : "worker";
}

cake_status cake_entrant_identify(const cake_bout *bout, const cake_entrant *entrant, cake_row *row)
{
    const cake_case *item = entrant->item;
    const cake_workload *workload = item->workload;
    char params[CAKE_WORKLOAD_TEXT];
    const struct {
        char **cell;
        const char *text;
    } texts[] = {
        {&row->op, workload->op->name},
        {&row->dataset, workload->dataset},
        {&row->workload, workload->name},
        {&row->params, params},
        {&row->dtype, cake_dtype_name(item->dtype)},
        {&row->plugin, item->plugin->name},
        {&row->plugin_version, item->plugin->version},
        {&row->kernel, item->kernel->name},
        {&row->accuracy, accuracy_name(item->kernel->accuracy)},
        {&row->cpuset, bout->placement.cpuset},
        {&row->cache, cake_cache_name(item->cache)},
        {&row->plugin_sha256, cake_plugins_image(bout->run->plugins, item->plugin)->sha256},
        {&row->mode, mode_name(&bout->run->settings)},
        /* The layout that was asked for; the one that ran comes with the report. */
        {&row->layout, item->layout < 0 ? "" : cake_layout_name(item->layout)},
    };

    cake_params_format(workload->op, workload->params, params, sizeof params);
    row->count = workload->count;
    row->threads = item->threads;
    row->seed = (int64_t)bout->run->seed;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (cake_row_text(texts[i].cell, texts[i].text) != CAKE_OK)
            return CAKE_E_MEMORY;
    return CAKE_OK;
}

static cake_status report_times(const cake_bout *bout, cake_entrant *entrant, double *ns, cake_row *row)
{
    const cake_timer *timer = &entrant->timer;
    cake_statistics s;

    for (size_t i = 0; i < timer->n_samples; i++)
        ns[i] = timer->samples[i].ns / (double)timer->samples[i].iterations;
    if (cake_statistics_of(ns, timer->n_samples, 0.95, &s) != CAKE_OK)
        return CAKE_E_MEMORY;
    row->iterations = timer->calls;
    row->repetitions = (int64_t)timer->n_samples;
    row->rounds = (int64_t)timer->n_samples;
    row->time_ns_median = s.median;
    row->time_ns_min = s.min;
    row->time_ns_mean = s.mean;
    row->time_ns_stddev = s.stddev;
    row->time_ns_ci_low = s.ci_low;
    row->time_ns_ci_high = s.ci_high;
    row->precision = s.median > 0 ? (s.ci_high - s.ci_low) / 2 / s.median : NAN;
    if (bout->run->repetitions == 0 && !(cake_statistics_precision(&s, 0.95) <= bout->run->precision))
        cake_session_warn(&entrant->session, "imprecise");
    if (s.median > 0) {
        row->gflops = bout->subject->flops / s.median;
        row->gb_per_s = bout->subject->bytes / s.median;
    }
    return CAKE_OK;
}

/* More instructions a cycle than any core retires: a counter is broken, not the kernel fast. */
static const double most_ipc = 12;

static void report_derived(cake_entrant *entrant, cake_row *row)
{
    row->ipc = row->cycles > 0 ? row->instructions / row->cycles : NAN;
    if (row->ipc > most_ipc) {
        row->ipc = NAN;
        cake_session_warn(&entrant->session, "broken-counter");
    }
    row->llc_gb_per_s = row->time_ns_median > 0 ? row->llc_misses * 64 / row->time_ns_median : NAN;
}

/* What Valgrind counted, in place of what a PMU would. */
static cake_status report_valgrind(const cake_bout *bout, cake_entrant *entrant, cake_row *row)
{
    cake_valgrind_counts counts;
    char note[400];

    cake_valgrind_count(bout, entrant, &counts);
    if (*counts.reason) {
        snprintf(note, sizeof note, "no counts of %s/%s: %s", entrant->item->plugin->name,
                 entrant->item->kernel->name, counts.reason);
        if (bout->run->observer.note)
            bout->run->observer.note(bout->run->observer.user, "valgrind", note);
        cake_session_warn(&entrant->session, "no-valgrind");
        return CAKE_OK;
    }
    if (counts.narrower)
        cake_session_warn(&entrant->session, "counted-without-avx512");
    row->instructions = counts.instructions;
    row->l1d_misses = counts.l1d_misses;
    row->llc_misses = counts.llc_misses;
    row->branch_misses = counts.branch_misses;
    return cake_row_text(&row->counter_source, "valgrind");
}

/* What was counted, a call; the columns' counters first, others by name. */
static cake_status report_counters(const cake_bout *bout, cake_entrant *entrant, cake_row *row)
{
    double *const columns[CAKE_COUNTER_COLUMNS] = {
        &row->cycles,        &row->instructions, &row->l1d_misses,       &row->l2_misses,  &row->llc_misses,
        &row->branch_misses, &row->page_faults,  &row->context_switches, &row->migrations, &row->task_clock_ns};
    const cake_counters *counters = entrant->session.counters;
    char extra[1024] = "", text[1024];
    size_t used = 0;

    if (!counters)
        return CAKE_OK;
    for (size_t i = 0; i < bout->run->n_counters; i++) {
        double value = entrant->timer.counted[i] / (double)entrant->timer.calls;

        if (i < CAKE_COUNTER_COLUMNS)
            *columns[i] = value;
        else if (strcmp(bout->run->counters[i], "energy_nj") == 0)
            row->energy_nj = value;
        else if (!isnan(value) && used < sizeof extra)
            used += (size_t)snprintf(extra + used, sizeof extra - used, "%s%s=%.9g", used ? ";" : "",
                                     bout->run->counters[i], value);
    }
    report_derived(entrant, row);
    if (bout->run->observer.note && *cake_counters_notes(counters, text, sizeof text))
        bout->run->observer.note(bout->run->observer.user, "counters", text);
    if (cake_row_text(&row->counter_source, isnan(row->instructions) ? "perf" : "papi") != CAKE_OK ||
        cake_row_text(&row->counters_extra, extra) != CAKE_OK)
        return CAKE_E_MEMORY;
    return bout->run->valgrind ? report_valgrind(bout, entrant, row) : CAKE_OK;
}

/* The least time that this machine's peaks allow. Faster is impossible, but for the factor that the algorithm saves.
 */
static cake_status report_roofline(const cake_bout *bout, const cake_entrant *entrant, cake_row *row,
                                   cake_finding *finding)
{
    const cake_case *item = entrant->item;
    double reduction = item->kernel->reduction >= 1 ? item->kernel->reduction : 1, floor_ns;
    cake_roofline bound, least;
    cake_work work = {.flops = bout->subject->least_flops,
                      .bytes = bout->subject->bytes,
                      .dtype = item->dtype,
                      .threads = item->threads,
                      .cold = item->cache == CAKE_CACHE_COLD,
                      .clock_ghz = entrant->fastest_ghz};

    if (!bout->run->peaks)
        return CAKE_OK;
    bound = cake_peaks_roofline(bout->run->peaks, &work);
    /* Before a time above the peaks is called anything, are those still the peaks? */
    for (int tries = 0;
         tries < 3 && row->time_ns_median * reduction < bound.bound_ns && bout->run->peaks->raises < RAISES_MOST &&
         cake_peaks_raise(bout->run->topology, item->threads, bout->run->peaks, NULL) == CAKE_OK;
         tries++)
        bound = cake_peaks_roofline(bout->run->peaks, &work);
    work.flops /= reduction;
    least = cake_peaks_roofline(bout->run->peaks, &work);
    row->roofline_ns = bound.bound_ns;
    row->roofline_percent = 100 * bound.bound_ns / row->time_ns_median;
    floor_ns = least.bound_ns * IMPOSSIBLE_SHARE;
    if (row->time_ns_median < floor_ns && bout->run->peaks->disturbed == 0)
        cake_find(finding, CAKE_V_IMPOSSIBLE, "%.4g ns a call, where %s of this machine allows no less than %.4g ns",
                  row->time_ns_median, cake_level_name(least.level), least.bound_ns);
    return CAKE_OK;
}

/* Ratios to the baseline in the rounds that both were in. */
static cake_status report_ratios(const cake_entrant *entrant, const cake_entrant *baseline, double *ns, double *base,
                                 cake_row *row)
{
    size_t both = 0, j = 0;
    cake_statistics s;

    for (size_t i = 0; i < entrant->timer.n_samples; i++) {
        const cake_sample *own = &entrant->timer.samples[i];

        while (j < baseline->timer.n_samples && baseline->timer.samples[j].round < own->round)
            j++;
        if (j == baseline->timer.n_samples || baseline->timer.samples[j].round != own->round)
            continue;
        ns[both] = own->ns / (double)own->iterations;
        base[both++] = baseline->timer.samples[j].ns / (double)baseline->timer.samples[j].iterations;
    }
    if (both == 0)
        return CAKE_OK;
    if (cake_statistics_of_ratios(ns, base, both, 0.95, &s) != CAKE_OK)
        return CAKE_E_MEMORY;
    row->ratio = s.median;
    row->ratio_ci_low = s.ci_low;
    row->ratio_ci_high = s.ci_high;
    return CAKE_OK;
}

static cake_status report_verdict(const cake_finding *finding, cake_row *row)
{
    if (cake_row_text(&row->verdict, cake_verdicts[finding->verdict].word) != CAKE_OK)
        return CAKE_E_MEMORY;
    return cake_row_text(&row->reason, finding->reason);
}

/* The clock, and what disturbed the machine. */
static cake_status report_machine(const cake_bout *bout, const cake_entrant *entrant, cake_row *row)
{
    char flags[sizeof bout->machine_flags + 16];
    bool drifted = entrant->slowest_ghz < (1 - CLOCK_DRIFT_LIMIT) * entrant->fastest_ghz;

    if (entrant->fastest_ghz > 0)
        row->clock_ghz = entrant->fastest_ghz;
    snprintf(flags, sizeof flags, "%s%s%s", bout->machine_flags, drifted && *bout->machine_flags ? ";" : "",
             drifted ? "clock" : "");
    return cake_row_text(&row->machine_flags, flags);
}

cake_status cake_entrant_report(const cake_bout *bout, cake_entrant *entrant, const cake_baseline *baseline,
                                cake_row *row)
{
    cake_session *session = &entrant->session;
    cake_status status = CAKE_OK;
    double *ns = NULL, *base = NULL;

    if (report_verdict(&session->finding, row) != CAKE_OK ||
        cake_row_text(&row->started_utc, entrant->started_utc) != CAKE_OK ||
        cake_row_text(&row->layout, cake_layout_name(session->layout)) != CAKE_OK)
        return CAKE_E_MEMORY;
    row->error_in_bounds = session->error_in_bounds;
    row->flops = bout->subject->flops;
    row->bytes = bout->subject->bytes;
    row->intensity = row->bytes > 0 ? row->flops / row->bytes : NAN;
    if (!isnan(session->setup_ns)) {
        row->setup_ns = session->setup_ns;
        row->workspace_bytes = session->workspace_bytes;
        if (cake_row_text(&row->choice, session->choice) != CAKE_OK)
            return CAKE_E_MEMORY;
    }
    /* A kernel that failed has no time that anyone should read. */
    if (session->finding.verdict != CAKE_V_OK || entrant->timer.n_samples == 0)
        return cake_row_text(&row->warnings, session->warnings);
    ns = calloc(entrant->timer.n_samples, sizeof *ns);
    base = calloc(entrant->timer.n_samples, sizeof *base);
    status = ns && base ? report_times(bout, entrant, ns, row) : CAKE_E_MEMORY;
    if (status == CAKE_OK)
        status = report_counters(bout, entrant, row);
    if (status == CAKE_OK)
        status = report_roofline(bout, entrant, row, &session->finding);
    if (status == CAKE_OK)
        status = report_verdict(&session->finding, row);
    if (status == CAKE_OK)
        status = cake_row_text(&row->warnings, session->warnings);
    if (status == CAKE_OK)
        status = cake_row_text(&row->page_size, session->huge_pages ? "2m" : "4k");
    if (status == CAKE_OK)
        status = report_machine(bout, entrant, row);
    if (status == CAKE_OK && *baseline->name) {
        status = cake_row_text(&row->baseline, baseline->name);
        row->speedup = row->time_ns_median > 0 ? baseline->median_ns / row->time_ns_median : NAN;
        if (status == CAKE_OK && baseline->entrant)
            status = report_ratios(entrant, baseline->entrant, ns, base, row);
    }
    free(ns);
    free(base);
    return status;
}
