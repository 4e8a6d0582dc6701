/* Spot checks of timed calls: which words, and whether they came out right. */
#ifndef LAYERCAKE_RUN_PROBES_H
#define LAYERCAKE_RUN_PROBES_H

#include "run/arena.h"
#include "run/subject.h"
#include "worker/protocol.h"

/* The places of a batch's probes in the coordinator's terms. */
typedef struct cake_probe_table {
    cake_place input[CAKE_PROBES];
    cake_place output[CAKE_PROBES][CAKE_PROBE_OUTPUTS];
    cake_probe wire[CAKE_PROBES]; /* as the worker gets it */
    uint32_t count;               /* 0: this workload has no input to change */
} cake_probe_table;

/* Draw a table: for each probe an output element, an input word on which it depends, and three more output elements.
 */
void cake_probes_draw(cake_probe_table *table, const cake_subject *subject, int32_t accuracy, const cake_arena *arena,
                      cake_random *random);

/* Check what a batch logged: of `checked` calls drawn from `seed`, as many as the time budget allows, chosen at
 * random, at least a few, at most 20,000. Raises *worst to the largest error in bounds. False: mismatch or
 * stale-output. */
bool cake_probes_check(const cake_probe_table *table, cake_subject *subject, int32_t accuracy, uint64_t seed,
                       uint64_t checked, const cake_shared *shared, const cake_arena *arena, int64_t budget_ns,
                       cake_random *random, double *worst, cake_finding *finding);

#endif
