/* Timing a case whose check is passed: Google Benchmark asks for iterations, the worker makes calls, the clock and
 * the end of each batch are here. */
#ifndef LAYERCAKE_RUN_TIMER_H
#define LAYERCAKE_RUN_TIMER_H

#include "report/schema.h"
#include "run/probes.h"
#include "run/session.h"
#include "run/usage.h"

typedef struct cake_timer {
    cake_session *session;
    cake_random *random; /* the coordinator's: moments, places, seeds */
    bool spare_core;     /* the coordinator may spin without taking a core from the worker */
    cake_evict evict;    /* before every call; CAKE_EVICT_NOTHING: calls back to back */
    double min_time_ns;  /* of a repetition */
    uint32_t check_every;
    double loop_ns;      /* the loop's own time a call, from a function that does nothing; already subtracted */
    double handshake_ns; /* of a batch, or of a single call; already subtracted */
    int64_t iterations;  /* of a repetition, found by Google Benchmark */
    cake_probe_table probes;
    cake_sample *samples; /* owned */
    size_t n_samples;
    int64_t calls;                     /* timed and kept */
    double counted[CAKE_MAX_COUNTERS]; /* over those calls, by the session's counters; NAN: not counted */
    int64_t spent_ns;                  /* in batches, kept or not */
    double cpu_share;                  /* least CPU time / (wall time x threads) of a batch; INFINITY before */
    cake_usage usage;                  /* after each batch */
} cake_timer;

/* Place the tensors, open the kernel anew (its setup_ns is what the row tells), measure what the loop itself costs,
 * and let Google Benchmark find how many iterations last `min_time_s`. False: the session's finding says why. */
bool cake_timer_begin(cake_timer *timer, cake_session *session, cake_evict evict, bool spare_core, double min_time_s,
                      cake_random *random);

/* One repetition; its sample is kept under `round`. */
bool cake_timer_repeat(cake_timer *timer, int64_t round);

/* After the last: tensors whole, no core too many. */
bool cake_timer_end(cake_timer *timer);

void cake_timer_free(cake_timer *timer);

#endif
