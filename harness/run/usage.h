/* What a worker holds, looked at from outside: does it grow from batch to batch? */
#ifndef LAYERCAKE_RUN_USAGE_H
#define LAYERCAKE_RUN_USAGE_H

#include <sys/types.h>

#include "measure/topology.h"
#include "run/finding.h"

enum { CAKE_USAGE_KINDS = 5, CAKE_USAGE_STEPS = 4, CAKE_USAGE_SLOW_STEPS = 12, CAKE_USAGE_RESTS = 2 };

/* The looks at one worker; zeroed: none. Of each kind: where it began to grow, how often it grew since, how often in a
 * row it rested. */
typedef struct cake_usage {
    struct {
        int64_t begun; /* at the first look */
        int64_t first, last;
        int steps, rests;
    } kind[CAKE_USAGE_KINDS];
    int looks;
} cake_usage;

/* Look again, after a batch; `heap_bytes` is what the worker says of its heap. False: a leak, since something has
 * grown CAKE_USAGE_STEPS times (CAKE_USAGE_SLOW_STEPS where it is little, since large libraries' allocators fill their
 * caches in the first batches), has never shrunk in between, and has rested over CAKE_USAGE_RESTS batches in a row at
 * most: on a busy machine a batch may hold just a call or two. Threads and descriptors, which have limits that a fast
 * leak reaches within a batch, may not become many more either. What cannot be read is not judged. Not inside a timed loop.
 */
bool cake_usage_look(cake_usage *usage, pid_t pid, uint64_t heap_bytes, cake_finding *finding);

/* Are all threads bound to the placement's cores? False: affinity-changed. */
bool cake_usage_bound(pid_t pid, const cake_placement *placement, cake_finding *finding);

#endif
