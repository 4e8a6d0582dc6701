/* What a counter's name means on this machine. Part of counters.c. */
#ifndef LAYERCAKE_MEASURE_COUNTERS_NAMES_H
#define LAYERCAKE_MEASURE_COUNTERS_NAMES_H

#include <stddef.h>

#include "measure/counters.h"

enum { CAKE_COUNTER_NAME = 128 };

/* Choose the event for a name: a column's, or an event's itself. Fills `event` and `scale`, what one count of it
 * stands for. CAKE_OK; CAKE_NOT_SUPPORTED with the reason; CAKE_NOT_FOUND: nobody knows the name. */
cake_status cake_counter_resolve(const char *name, char *event, size_t size, double *scale, cake_error *why);

/* Say that nobody knows the name; returns CAKE_E_USAGE. */
cake_status cake_counter_unknown(const char *name, cake_error *error);

#endif
