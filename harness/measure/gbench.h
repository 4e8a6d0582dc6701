/* Google Benchmark from C: a small library of its own (libcake_gbench), usable without the rest of Layercake.
 *
 * A benchmark is a C function. It asks how many iterations to do, does them, and asks again until the answer is 0:
 *
 *     static void copy(cake_gbench_state *state, void *user)
 *     {
 *         int64_t n;
 *
 *         while ((n = cake_gbench_next_batch(state, 0)) > 0)
 *             while (n--)
 *                 work(user);
 *     }
 *
 *     cake_gbench_init(&argc, argv, NULL);           the --benchmark_... flags leave argv
 *     cake_gbench_register("copy", NULL, copy, data, NULL);
 *     cake_gbench_run(NULL, NULL, NULL, NULL);       prints Google Benchmark's table
 *     cake_gbench_finish();                          completes the file of --benchmark_out
 *
 * With a report function instead of NULL nothing is printed and each run's numbers go to that function. With the
 * option `manual_time` the function says how long a batch took (cake_gbench_set_time): so the work may be done
 * elsewhere, in another process for one.
 *
 * Google Benchmark keeps its state in globals, so does this library: call it from one thread at a time; a benchmark
 * must not register or run others. Functions that can fail return false, or -1, and fill `error`, which may be NULL.
 * No C++ exception leaves the library. Works with libbenchmark 1.7 and later. Link with the C++ linker, or with
 * `pkg-config --libs cake-gbench`. */
#ifndef LAYERCAKE_MEASURE_GBENCH_H
#define LAYERCAKE_MEASURE_GBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong, in words. */
typedef struct cake_gbench_error {
    char text[512];
} cake_gbench_error;

/* --- Flags --------------------------------------------------------------------------------------------------- */

/* Take Google Benchmark's flags out of argv: --benchmark_ filter, min_time (seconds, "0.5s", or iterations, "100x"),
 * min_warmup_time, repetitions, enable_random_interleaving, report_aggregates_only, display_aggregates_only, format,
 * out, out_format, color, counters_tabular, context, time_unit, list_tests. The others stay in argv in their order,
 * unknown --benchmark_... flags too: they are the caller's to refuse. False where a value is wrong or the file of
 * --benchmark_out cannot be opened; argv is then as it was. May be called again; flags that are not given keep their
 * values. argv[0] must stay valid. */
bool cake_gbench_init(int *argc, char **argv, cake_gbench_error *error);

/* Complete and close the file of --benchmark_out, which collects every run until here. False if it could not be
 * written. */
bool cake_gbench_finish(cake_gbench_error *error);

/* The version of Google Benchmark that this library was built with: "1.7.1". */
const char *cake_gbench_version(void);

/* --- Benchmarks ---------------------------------------------------------------------------------------------- */

typedef struct cake_gbench_state cake_gbench_state;

/* `user` is what was registered. Must ask for batches until there are none. */
typedef void cake_gbench_function(cake_gbench_state *state, void *user);

/* Zeroed: as the flags say. */
typedef struct cake_gbench_options {
    bool manual_time;   /* the function tells the time of each batch by cake_gbench_set_time */
    int64_t iterations; /* of one repetition; 0: as many as the minimal time takes, found by trial */
    int repetitions;    /* 0: as --benchmark_repetitions says, else 1 */
    double
        min_time_s; /* of one repetition, in seconds; 0: as --benchmark_min_time says, else 0.5. Without iterations */
    double min_warmup_s; /* runs before the trial that are thrown away, in seconds */
} cake_gbench_options;

/* Add a benchmark. `name` and `options` (NULL: all zero) are copied; `user` must stay valid until it is cleared. */
bool cake_gbench_register(const char *name, const cake_gbench_options *options, cake_gbench_function *function,
                          void *user, cake_gbench_error *error);

/* Forget all registered benchmarks. */
void cake_gbench_clear(void);

/* --- For the benchmark's function ---------------------------------------------------------------------------- */

/* How many iterations to do now: at most `limit`, or all that are left if that is 0. 0 when done: return then. */
int64_t cake_gbench_next_batch(cake_gbench_state *state, int64_t limit);

/* How long all iterations of the present batch took together. Once a batch, with `manual_time`. Where the work was
 * done in other than whole batches, scale: elapsed * n / done. */
void cake_gbench_set_time(cake_gbench_state *state, double seconds);

typedef enum cake_gbench_counter_kind {
    CAKE_GBENCH_VALUE,        /* as it is */
    CAKE_GBENCH_RATE,         /* divided by the time in seconds */
    CAKE_GBENCH_PER_ITERATION /* divided by the iterations */
} cake_gbench_counter_kind;

void cake_gbench_set_counter(cake_gbench_state *state, const char *name, double value, cake_gbench_counter_kind kind);

void cake_gbench_set_label(cake_gbench_state *state, const char *label);

/* End this benchmark: the next batch is 0 iterations and its run is reported with this error. */
void cake_gbench_skip(cake_gbench_state *state, const char *message);

/* --- Running ------------------------------------------------------------------------------------------------- */

typedef struct cake_gbench_counter {
    const char *name;
    double value;
} cake_gbench_counter;

/* One repetition, or an aggregate of several. Valid during the call of the report function. */
typedef struct cake_gbench_result {
    const char *name;      /* as registered */
    const char *full_name; /* Google Benchmark's: "name/iterations:100/manual_time" */
    const char *aggregate; /* NULL for a repetition; "mean", "median", "stddev", "cv" */
    const char *label;     /* "" where none was set */
    const char *error;     /* NULL, or why there are no numbers */
    bool is_share;         /* this aggregate's times are shares of 1, not ns ("cv") */
    int64_t repetition;    /* 0, 1, ...; -1 for an aggregate */
    int64_t iterations;    /* of a repetition; of an aggregate: the repetitions it is over */
    double real_time_ns;   /* of one iteration: the clock's, or the manual time */
    double cpu_time_ns;    /* of one iteration: of this process */
    size_t n_counters;
    const cake_gbench_counter *counters;
} cake_gbench_result;

typedef void cake_gbench_report(const cake_gbench_result *result, void *user);

/* Run the registered benchmarks whose full name matches the extended regular expression `filter` ('-' before it:
 * those that do not; NULL: as --benchmark_filter says, else all). `report` gets each result; NULL: they are printed
 * as
 * --benchmark_format says. Returns how many benchmarks matched, -1 for a failure. */
int64_t cake_gbench_run(const char *filter, cake_gbench_report *report, void *report_user, cake_gbench_error *error);

/* Run one benchmark that is not registered, leaving the registered ones alone and whatever the filter says. Costs a
 * few microseconds: made to be called once a round with {.manual_time = true, .iterations = n, .repetitions = 1}. */
bool cake_gbench_run_one(const char *name, const cake_gbench_options *options, cake_gbench_function *function,
                         void *user, cake_gbench_report *report, void *report_user, cake_gbench_error *error);

#ifdef __cplusplus
}
#endif
#endif
