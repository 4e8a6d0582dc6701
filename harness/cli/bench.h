/* What `run` and `check` share: the machine, the plugins, the plan of cases. */
#ifndef LAYERCAKE_CLI_BENCH_H
#define LAYERCAKE_CLI_BENCH_H

#include "cli/run_options.h"
#include "measure/topology.h"
#include "onnx/onnx.h"
#include "run/run.h"

typedef struct cake_bench {
    cake_topology *topology;
    char *worker; /* path of layercake-worker */
    cake_worker_settings settings;
    cake_plugins plugins;
    bool left_out;         /* a plugin that was asked for by name cannot be used: the run fails */
    cake_onnx_suite onnx;  /* its workloads have moved to `workloads`, */
    size_t onnx_workloads; /* from there on */
    cake_workload_list workloads;
    cake_plan plan;
    cake_peaks peaks;                        /* empty until cake_bench_measure */
    const char *counters[CAKE_MAX_COUNTERS]; /* the columns', energy, then those of the options; borrowed */
    size_t n_counters;
    bool valgrind; /* among the options' */
} cake_bench;

/* The machine and the settings of workers; no plugin is loaded yet. */
cake_status cake_bench_open(cake_bench *bench, const cake_run_options *options, cake_error *error);

/* Load the plugins that the options name. */
cake_status cake_bench_load(cake_bench *bench, const cake_run_options *options, cake_error *error);

/* The workloads, each refused if it takes more memory than there is, and the cases; none if all there is are models
 * that were skipped. One named plugin that cannot be
 * used is an error; others are told on stderr. */
cake_status cake_bench_plan(cake_bench *bench, const cake_run_options *options, cake_error *error);

/* The machine's peaks, measured if none are kept for it. A machine that cannot be measured is told on stderr, and has
 * none. */
void cake_bench_measure(cake_bench *bench, const cake_run_options *options);

/* What to count. CAKE_E_USAGE: a name that nobody knows, too many, or "valgrind" where there is none. */
cake_status cake_bench_counters(cake_bench *bench, const cake_run_options *options, cake_error *error);

/* A run of the plan, as the options say; the observer and the peaks are left to the caller. */
cake_run cake_bench_run(const cake_bench *bench, const cake_run_options *options, bool timed);

/* Free everything; one that was only zeroed too. */
void cake_bench_close(cake_bench *bench);

#endif
