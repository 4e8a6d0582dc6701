/* A worker's threads, each on a core of its own. */
#ifndef LAYERCAKE_RUN_PIN_H
#define LAYERCAKE_RUN_PIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "measure/topology.h"

/* Bind the threads of process `pid` that have used the most CPU time, as many as the placement has CPUs, one to each; the
 * process's first to the first. All others stay bound to all of these CPUs, and so do all where there are fewer: such a
 * process starts threads in each call. A pool's threads that only share a set of CPUs meet on one of them as often as the
 * system wakes two at once, and then wait for each other.
 * To be called while the process is idle, and has called its kernel, so that its pool is there. False: some could not be
 * bound. */
bool cake_pin_threads(pid_t pid, const cake_placement *placement);

#endif
