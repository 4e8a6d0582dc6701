/* A run: every case of a plan, checked, timed in balanced rounds, one row each. */
#ifndef LAYERCAKE_RUN_RUN_H
#define LAYERCAKE_RUN_RUN_H

#include "measure/counters.h"
#include "measure/peaks.h"
#include "measure/topology.h"
#include "plan/plan.h"
#include "report/schema.h"
#include "run/plugins.h"

/* What the run tells while it goes on. Any may be NULL. */
typedef struct cake_run_observer {
    void *user;
    /* What is worth telling once: ("counters", "no PMU ..."). */
    void (*note)(void *user, const char *about, const char *text);
    /* A case begins ("check" or "time"); `done` of `total` have their row. */
    void (*begin)(void *user, const cake_case *item, const char *stage, size_t done, size_t total);
    /* A case has ended; its row and samples are valid during the call. Anything but CAKE_OK ends the run with it. */
    cake_status (*row)(void *user, cake_row *row, const cake_sample *samples, size_t n_samples, cake_error *error);
    /* A row with its identity only: true if that case need not be run. */
    bool (*skip)(void *user, const cake_row *row);
} cake_run_observer;

typedef struct cake_run {
    const cake_plan *plan;
    const cake_plugins *plugins;
    const cake_topology *topology;
    cake_worker_settings settings;
    cake_peaks *peaks;           /* raised where a time beats them; NULL: no roofline, no impossible times */
    const char *const *counters; /* names; the first CAKE_COUNTER_COLUMNS are the columns' */
    size_t n_counters;
    cake_run_observer observer;
    uint64_t seed;
    bool timed;           /* false: check only */
    int64_t repetitions;  /* rounds; 0: from 5 to 50, until `precision` is reached */
    double precision;     /* half the width of the median's confidence interval over the median */
    double min_time_s;    /* of a repetition */
    double max_time_s;    /* of all repetitions of a case, beyond three */
    bool random_order;    /* of a round's kernels, instead of a balanced one */
    bool valgrind;        /* count one call of each under Valgrind */
    const char *baseline; /* plugin that speed-ups are over */
} cake_run;

/* What came of it. */
typedef struct cake_run_summary {
    size_t rows, skipped;
    size_t verdicts[CAKE_VERDICT_COUNT];
    bool failed; /* a verdict that fails a run */
} cake_run_summary;

/* CAKE_OK: every case has its row, whatever the verdicts. CAKE_INTERRUPTED; CAKE_E_USAGE: more threads than cores;
 * or what the observer returned. */
cake_status cake_run_all(const cake_run *run, cake_run_summary *summary, cake_error *error);

#endif
