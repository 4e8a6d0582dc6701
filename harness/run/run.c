#include "run/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/interrupt.h"
#include "run/rows.h"

/* What lives from bout to bout. */
typedef struct state {
    const cake_run *run;
    cake_run_summary *summary;
    cake_random random; /* places, moments: not what the tensors hold */
    cake_subject subject;
    bool has_subject;
    cake_baseline baseline; /* the workload's, from the first bout that had one */
    int baseline_cache;
} state;

static bool same_bout(const cake_run *run, const cake_case *a, const cake_case *b)
{
    /* One worker at a time in a process. */
    return !run->settings.in_process && a->workload == b->workload && a->dtype == b->dtype &&
           a->threads == b->threads && a->cache == b->cache;
}

/* Values and expectations of the workload, unless the bout before had the same. */
static cake_status take_subject(state *s, const cake_case *item, cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(s->run->topology);
    cake_status status;

    if (s->has_subject && s->subject.workload == item->workload && s->subject.dtype == item->dtype)
        return CAKE_OK;
    if (s->has_subject)
        cake_subject_free(&s->subject);
    s->has_subject = false;
    s->baseline = (cake_baseline){.median_ns = NAN};
    status = cake_subject_make(&s->subject, item->workload, item->dtype, s->run->seed, machine->cores_allowed, error);
    s->has_subject = status == CAKE_OK;
    return status;
}

static cake_status skip_known(state *s, cake_bout *bout, cake_error *error)
{
    const cake_run_observer *observer = &s->run->observer;
    cake_status status = CAKE_OK;

    for (size_t i = 0; observer->skip && status == CAKE_OK && i < bout->count; i++) {
        cake_row row;

        cake_row_init(&row);
        status = cake_entrant_identify(bout, &bout->entrants[i], &row);
        if (status == CAKE_OK)
            bout->entrants[i].skipped = observer->skip(observer->user, &row);
        s->summary->skipped += bout->entrants[i].skipped;
        cake_row_free(&row);
    }
    return status == CAKE_OK ? CAKE_OK : cake_fail(error, status, "no memory for a row");
}

/* The first kernel of the baseline's plugin that was timed here; else the one of an earlier bout of the workload. */
static void choose_baseline(state *s, const cake_bout *bout)
{
    s->baseline.entrant = NULL;
    if (*s->baseline.name && s->baseline_cache != bout->entrants[0].item->cache)
        s->baseline = (cake_baseline){.median_ns = NAN};
    for (size_t i = 0; s->run->baseline && i < bout->count; i++) {
        const cake_entrant *e = &bout->entrants[i];

        if (!e->timed || strcmp(e->item->plugin->name, s->run->baseline) != 0)
            continue;
        snprintf(s->baseline.name, sizeof s->baseline.name, "%s/%s", e->item->plugin->name, e->item->kernel->name);
        s->baseline.median_ns = cake_entrant_median(e);
        s->baseline.entrant = e;
        s->baseline_cache = e->item->cache;
        return;
    }
}

static cake_status write_rows(state *s, cake_bout *bout, cake_error *error)
{
    const cake_run_observer *observer = &s->run->observer;
    cake_status status = CAKE_OK;

    choose_baseline(s, bout);
    for (size_t i = 0; status == CAKE_OK && i < bout->count; i++) {
        cake_entrant *e = &bout->entrants[i];
        cake_verdict verdict;
        cake_row row;

        if (e->skipped)
            continue;
        cake_row_init(&row);
        if (cake_entrant_identify(bout, e, &row) != CAKE_OK ||
            cake_entrant_report(bout, e, &s->baseline, &row) != CAKE_OK)
            status = cake_fail(error, CAKE_E_MEMORY, "no memory for a row");
        verdict = e->session.finding.verdict;
        if (status == CAKE_OK && observer->row)
            status = observer->row(observer->user, &row, e->timer.samples,
                                   verdict == CAKE_V_OK ? e->timer.n_samples : 0, error);
        cake_row_free(&row);
        s->summary->rows++;
        s->summary->verdicts[verdict]++;
        s->summary->failed |= cake_verdicts[verdict].fails;
    }
    return status;
}

/* Rows for what cannot be tried at all: the harness lacks memory, say. */
static void fail_all(cake_bout *bout, const cake_error *error)
{
    for (size_t i = 0; i < bout->count; i++)
        cake_find(&bout->entrants[i].session.finding, CAKE_V_HARNESS_ERROR, "%s", error->text);
}

static cake_status run_bout(state *s, cake_bout *bout, cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(s->run->topology);
    const cake_case *first = bout->entrants[0].item;
    cake_error why = {""};
    cake_status status = cake_topology_place(s->run->topology, first->threads, &bout->placement, error);

    if (status != CAKE_OK)
        return status;
    bout->spare_core = machine->cpus_allowed > first->threads;
    status = skip_known(s, bout, error);
    if (status != CAKE_OK || s->summary->skipped + s->summary->rows == bout->done + bout->count)
        return status;
    if (take_subject(s, first, &why) != CAKE_OK) {
        fail_all(bout, &why);
    } else {
        bout->subject = &s->subject;
        status = cake_bout_check(bout, error);
        if (status == CAKE_OK && s->run->timed)
            status = cake_bout_time(bout, &s->random, error);
    }
    /* What was interrupted has no row: it was not measured. */
    return status == CAKE_OK ? write_rows(s, bout, error) : status;
}

cake_status cake_run_all(const cake_run *run, cake_run_summary *summary, cake_error *error)
{
    const cake_plan *plan = run->plan;
    state s = {.run = run, .summary = summary, .random = {run->seed ^ UINT64_C(0x5ca1ab1e0ddba11)}};
    cake_status status = CAKE_OK;

    *summary = (cake_run_summary){0};
    s.baseline.median_ns = NAN;
    for (size_t begin = 0, end; status == CAKE_OK && begin < plan->count; begin = end) {
        cake_bout bout = {.run = run, .done = begin, .total = plan->count};

        for (end = begin + 1; end < plan->count && same_bout(run, &plan->cases[begin], &plan->cases[end]);)
            end++;
        bout.count = end - begin;
        bout.entrants = calloc(bout.count, sizeof *bout.entrants);
        if (!bout.entrants) {
            status = cake_fail(error, CAKE_E_MEMORY, "no memory for %zu cases", bout.count);
            break;
        }
        for (size_t i = 0; i < bout.count; i++)
            bout.entrants[i] = (cake_entrant){.item = &plan->cases[begin + i],
                                              .session = {.process = {.socket = -1, .output = -1},
                                                          .arena = {.descriptor = -1},
                                                          .error_in_bounds = NAN,
                                                          .setup_ns = NAN}};
        status = run_bout(&s, &bout, error);
        cake_bout_end(&bout);
        free(bout.entrants);
    }
    if (s.has_subject)
        cake_subject_free(&s.subject);
    return status;
}
