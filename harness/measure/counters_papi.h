/* PAPI's events: counters_papi.c, or counters_none.c where the library is missing. Part of counters.c, called from
 * one thread. */
#ifndef LAYERCAKE_MEASURE_COUNTERS_PAPI_H
#define LAYERCAKE_MEASURE_COUNTERS_PAPI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct cake_papi cake_papi;

/* "PAPI 7.0.0", "none". */
const char *cake_papi_library(void);

/* Can this machine count the event? CAKE_OK; CAKE_NOT_SUPPORTED with the reason; CAKE_NOT_FOUND: no such name. */
cake_status cake_papi_probe(const char *name, cake_error *why);

/* Whether a probed event counts anything at all in work that has plenty of it; for basic events only (cycles,
 * instructions, misses of a core's own caches, mispredicted branches). */
bool cake_papi_counts(const char *name);

/* Count events that were probed, on each of the threads and those that they will start; events of the whole machine
 * (energy) once. `multiplexed` tells whether they have to share counters. */
cake_status cake_papi_open(const char *const *names, size_t count, const pid_t *tids, size_t n_tids,
                           bool *multiplexed, cake_papi **opened, cake_error *error);

/* The counts so far, in the order of the names; NaN where they cannot be read. */
void cake_papi_read(cake_papi *papi, double *values);

void cake_papi_close(cake_papi *papi);

/* Presets, then native events. */
typedef void cake_papi_visit(const char *name, const char *description, void *user);
void cake_papi_each(cake_papi_visit *visit, void *user);

#endif
