#include "cli/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "plan/draw.h"

enum { TRIES_MAX = 300 };

typedef struct outcome {
    cake_verdict verdict;
    char *reason; /* owned */
} outcome;

static cake_status keep_outcome(void *user, cake_row *row, const cake_sample *samples, size_t n_samples,
                                cake_error *error)
{
    outcome *o = user;

    (void)samples;
    (void)n_samples;
    free(o->reason);
    o->verdict = cake_verdict_find(row->verdict);
    o->reason = strdup(row->reason ? row->reason : "");
    return o->reason ? CAKE_OK : cake_fail(error, CAKE_E_MEMORY, "out of memory");
}

static cake_status run_one(const cake_bench *bench, const cake_run_options *options, cake_case item, outcome *o,
                           cake_error *error)
{
    cake_plan plan = {&item, 1};
    cake_run run = cake_bench_run(bench, options, false);
    cake_run_summary summary;

    run.plan = &plan;
    run.observer = (cake_run_observer){.user = o, .row = keep_outcome};
    return cake_run_all(&run, &summary, error);
}

/* Try the step; on the same failure the simpler workload takes the place of the one there. */
static cake_status try_step(const cake_bench *bench, const cake_run_options *options, cake_case item, int step,
                            cake_verdict verdict, cake_shrunken *s, bool *simpler, cake_error *error)
{
    cake_workload workload = {0};
    outcome o = {CAKE_V_OK, NULL};
    cake_status st = cake_workload_simplify(&s->workload, step, &workload, error);

    *simpler = false;
    if (st != CAKE_OK)
        return st;
    item.workload = &workload;
    st = run_one(bench, options, item, &o, error);
    s->tried++;
    if (st == CAKE_OK && o.verdict == verdict) {
        s->failed++;
        *simpler = true;
        cake_workload_free(&s->workload);
        free(s->reason);
        s->workload = workload;
        s->reason = o.reason;
        return CAKE_OK;
    }
    cake_workload_free(&workload);
    free(o.reason);
    return st;
}

cake_status cake_shrink(const cake_bench *bench, const cake_run_options *options, const cake_case *item,
                        cake_verdict verdict, cake_shrunken *shrunken, cake_error *error)
{
    cake_shrunken s = {0};
    cake_source source = {"random", 1, ""};
    char text[CAKE_WORKLOAD_TEXT];
    cake_status st;

    cake_workload_format(item->workload, text, sizeof text);
    st = cake_workload_parse(text, strlen(text), &source, &s.workload, error);
    for (int step = 0; st == CAKE_OK && s.tried < TRIES_MAX; step++) {
        bool simpler;

        st = try_step(bench, options, *item, step, verdict, &s, &simpler, error);
        if (st == CAKE_NOT_SUPPORTED)
            st = CAKE_OK;
        else if (st == CAKE_OK && simpler)
            step = -1;
    }
    if (st == CAKE_OK || st == CAKE_NOT_FOUND) {
        *shrunken = s;
        return CAKE_OK;
    }
    cake_shrunken_free(&s);
    return st;
}

void cake_shrunken_free(cake_shrunken *shrunken)
{
    cake_workload_free(&shrunken->workload);
    free(shrunken->reason);
    *shrunken = (cake_shrunken){0};
}
