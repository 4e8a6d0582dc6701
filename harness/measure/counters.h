/* Counters of another process: opened by the coordinator on a worker before it starts threads, inherited by the
 * threads it starts later, summed over all of them. The worker takes no part in it.
 *
 * Hardware events come from PAPI. Software events are opened with perf_event_open under PAPI's names for them
 * ("perf::PAGE-FAULTS"), since PAPI 7.0 refuses to attach with inheritance where there is no PMU. Context switches
 * fall back to /proc/PID/task where the kernel's events may not be counted. Events of PAPI's other components (energy
 * by rapl or powercap) are the whole machine's.
 *
 * What this machine cannot count is NaN, never 0, and a reason says why. */
#ifndef LAYERCAKE_MEASURE_COUNTERS_H
#define LAYERCAKE_MEASURE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct cake_counters cake_counters;

/* A row's counters in the order of its columns: cycles instructions l1d_misses l2_misses llc_misses branch_misses
 * page_faults context_switches migrations task_clock_ns. */
enum { CAKE_COUNTER_COLUMNS = 10, CAKE_MAX_COUNTERS = 64 };
extern const char *const cake_counter_columns[CAKE_COUNTER_COLUMNS];

/* Is it a name that cake_counters_open knows: a column's, "energy_nj", or one of PAPI's, native ones too? CAKE_OK
 * also where this machine lacks it, and `why` says the reason then, else nothing; CAKE_E_USAGE for an unknown one. */
cake_status cake_counters_check(const char *name, cake_error *why, cake_error *error);

/* Attach to all threads that `pid` has, and to those that they will start. The process must be idle meanwhile (or not
 * yet run its program). At most CAKE_MAX_COUNTERS names, which are copied. Counters that cannot be had are no
 * failure; CAKE_E_WORKER: no such process; CAKE_E_USAGE: an unknown name; CAKE_E_MEMORY. Close with
 * cake_counters_close. */
cake_status cake_counters_open(const char *const *names, size_t count, pid_t pid, cake_counters **out,
                               cake_error *error);
void cake_counters_close(cake_counters *counters);

/* Around a timed batch: `values`, one for each name, get what was counted between the two; NaN where unknown. Not in
 * the timed window itself: a few microseconds each. */
void cake_counters_begin(cake_counters *counters);
void cake_counters_end(cake_counters *counters, double *values);

/* Where counter `i` comes from, "PAPI PAPI_TOT_CYC"; NULL where it is missing. */
const char *cake_counters_source(const cake_counters *counters, size_t i);

/* Why counter `i` is missing; NULL where it is not. */
const char *cake_counters_reason(const cake_counters *counters, size_t i);

/* True where hardware events share counters by turns, so that their values are estimates. */
bool cake_counters_multiplexed(const cake_counters *counters);

/* What the run says once: the missing ones by reason, one line each, and a line if they are multiplexed. "" if there
 * is nothing to say. Returns `text`, cut to fit. */
const char *cake_counters_notes(const cake_counters *counters, char *text, size_t size);

/* One counter that PAPI or the kernel knows. */
typedef struct cake_counter_info {
    const char *name;
    const char *description; /* PAPI's */
    const char *reason;      /* NULL, or why this machine has not got it */
    bool software;
} cake_counter_info;

typedef void cake_counter_visit(const cake_counter_info *info, void *user);

/* Every counter there is: software ones, PAPI's presets, native ones. Each is tried. For `list counters`. */
void cake_counters_list(cake_counter_visit *visit, void *user);

/* "PAPI 7.0.0", "none". */
const char *cake_counters_library(void);

#endif
