/* Software events by perf_event_open, under PAPI's names. Part of counters.c. */
#ifndef LAYERCAKE_MEASURE_COUNTERS_PERF_H
#define LAYERCAKE_MEASURE_COUNTERS_PERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct cake_perf_event {
    const char *names[3]; /* PAPI's spellings, the usual one first */
    uint64_t config;      /* PERF_COUNT_SW_... */
    bool in_kernel;       /* happens there, so it reads 0 where the kernel's part is not counted */
    const char *description;
} cake_perf_event;

/* All of them; the last has no name. */
extern const cake_perf_event cake_perf_events[];

/* The event of that name, or NULL. */
const cake_perf_event *cake_perf_find(const char *name);

/* Begin to count on thread `tid` (0: this one) and those that it will start. Returns a descriptor to read from and to
 * close, or -1 with the reason. */
int cake_perf_open(const cake_perf_event *event, pid_t tid, cake_error *why);

/* The count so far, NaN if it cannot be read. */
double cake_perf_read(int fd);

/* Context switches without perf_event_open: the sum over the threads that the process has. */
enum { CAKE_MAX_THREADS = 1024 };

typedef struct cake_switches {
    size_t count; /* of threads */
    pid_t tid[CAKE_MAX_THREADS];
    double switches[CAKE_MAX_THREADS];
} cake_switches;

/* False where the process is gone or has too many threads. */
bool cake_switches_read(pid_t pid, cake_switches *switches);

/* From one reading to a later one; NaN if a thread ended between them, since its last count is lost. */
double cake_switches_between(const cake_switches *from, const cake_switches *to);

#endif
