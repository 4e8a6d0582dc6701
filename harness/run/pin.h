/* A worker's threads, each on a core of its own. */
#ifndef LAYERCAKE_RUN_PIN_H
#define LAYERCAKE_RUN_PIN_H

#include <stdbool.h>
#include <sys/types.h>

#include "measure/topology.h"

/* Bind the threads of process `pid` one to each of the placement's CPUs, the first to the first, if there are just as
 * many. Threads that only share a set of CPUs meet on one of them as often as the system wakes two at once, and then wait
 * for each other. Where there are fewer, the process starts threads in each call, which would inherit one CPU; where there
 * are more, it has two pools, and nobody knows which works when: both are left to the system.
 * To be called while the process is idle, and has called its kernel, so that its pool is there. False: some could not be
 * bound. */
bool cake_pin_threads(pid_t pid, const cake_placement *placement);

#endif
