/* A bout: the cases of one workload that are timed against each other, in turn, on the same cores. */
#ifndef LAYERCAKE_RUN_BOUT_H
#define LAYERCAKE_RUN_BOUT_H

#include "run/run.h"
#include "run/session.h"
#include "run/timer.h"

typedef struct cake_entrant {
    const cake_case *item;
    cake_session session;
    cake_timer timer;
    bool skipped;                    /* has a row from an earlier run */
    bool timed;                      /* in the rounds, to the end */
    double slowest_ghz, fastest_ghz; /* clock of its cores after its repetitions; 0 where it cannot be measured */
    char started_utc[32];
} cake_entrant;

typedef struct cake_bout {
    const cake_run *run;
    cake_subject *subject;
    cake_placement placement;
    bool spare_core;
    cake_entrant *entrants;
    size_t count;
    int64_t rounds;
    char machine_flags[64]; /* what disturbed the machine meanwhile; "" if nothing */
    size_t done, total;     /* cases of the run, for the observer */
} cake_bout;

/* Open and check every entrant that is not skipped; those that pass stay alive, held. */
cake_status cake_bout_check(cake_bout *bout, cake_error *error);

/* Time those that passed, round by round, until each is precise enough or out of time. */
cake_status cake_bout_time(cake_bout *bout, cake_random *random, cake_error *error);

/* The entrants' median times; NAN where there is none. */
double cake_entrant_median(const cake_entrant *entrant);

/* End all workers, free everything that the entrants hold. */
void cake_bout_end(cake_bout *bout);

#endif
