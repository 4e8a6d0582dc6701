/* What a worker holds, looked at from outside: does it grow from batch to batch? */
#ifndef LAYERCAKE_RUN_USAGE_H
#define LAYERCAKE_RUN_USAGE_H

#include <sys/types.h>

#include "measure/topology.h"
#include "run/finding.h"

enum { CAKE_USAGE_KINDS = 5, CAKE_USAGE_STEPS = 4 };

/* The newest looks at one worker; zeroed: none. */
typedef struct cake_usage {
    int64_t seen[CAKE_USAGE_STEPS + 1][CAKE_USAGE_KINDS]; /* the newest last */
    int looks;
} cake_usage;

/* Look again, after a batch; `heap_bytes` is what the worker says of its heap. False: a leak, since something has
 * grown with each of the last CAKE_USAGE_STEPS batches. What cannot be read is not judged. Not inside a timed loop.
 */
bool cake_usage_look(cake_usage *usage, pid_t pid, uint64_t heap_bytes, cake_finding *finding);

/* Are all threads bound to the placement's cores? False: affinity-changed. */
bool cake_usage_bound(pid_t pid, const cake_placement *placement, cake_finding *finding);

#endif
