/* What the rest of the machine does: snapshots before and after a measurement, what went on between them, and
 * whether that spoils it. */
#ifndef LAYERCAKE_MEASURE_MACHINE_STATE_H
#define LAYERCAKE_MEASURE_MACHINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "measure/topology.h"

/* Times count up since boot. NaN where the system does not tell. */
typedef struct cake_machine_state {
    double at_s;            /* of the monotonic clock */
    double busy_s, steal_s; /* of the CPUs that were asked for, all together */
    double throttled_s;     /* of the control group: stopped because of its quota */
    double load_average;    /* of the last minute */
    double frequency_mhz;   /* average of those CPUs, now */
    int64_t memory_available_bytes;
} cake_machine_state;

/* Take one, in about 0.1 ms. `placement`: whose CPUs; NULL: all. */
cake_machine_state cake_machine_state_read(const cake_placement *placement);

/* The same from another /proc and /sys, for tests. */
cake_machine_state cake_machine_state_read_from(const cake_placement *placement, const char *proc, const char *sys);

/* What went on between two snapshots of the same CPUs. Shares are of the time that those CPUs had. */
typedef struct cake_disturbance {
    double seconds;
    double others; /* share used by others; at least 0 */
    double steal;  /* share that the virtual machine's host gave to others */
    double throttled;
    double frequency; /* change, as a share */
} cake_disturbance;

/* `own_cpu_s`: CPU time that the measurement itself used between the two on these CPUs (task clock). */
cake_disturbance cake_machine_state_between(const cake_machine_state *before, const cake_machine_state *after,
                                            int cpus, double own_cpu_s);

/* What of it is too much, as words joined with ';' for a row's machine_flags: steal (over 1 %), load (others use over
 * 5 %), throttled (any), frequency (over 5 % away); "" for nothing. The kernel counts in steps of 10 ms, so less than
 * 0.1 s says nothing. Returns `text`. */
const char *cake_disturbance_flags(const cake_disturbance *disturbance, char *text, size_t size);

#endif
