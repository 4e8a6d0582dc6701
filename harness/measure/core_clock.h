/* The clock of a core, measured by a chain of instructions whose latency is known: what cpufreq tells is missing in a
 * virtual machine, and what /proc/cpuinfo tells there is a constant. */
#ifndef LAYERCAKE_MEASURE_CORE_CLOCK_H
#define LAYERCAKE_MEASURE_CORE_CLOCK_H

#include <stdbool.h>

#include "measure/topology.h"

/* The average clock in GHz of the placement's CPUs now, four of them at most, each the best of some windows of 60 us, for
 * which the calling thread moves there. They should be idle. NaN where there is no way to measure it. */
double cake_core_clock(const cake_placement *placement);

/* The slowest and the fastest of windows of 1.5 ms under load, of one core, in GHz. False where there is no way to
 * measure it. */
bool cake_core_clock_range(const cake_topology *topology, double *slowest, double *fastest);

#endif
