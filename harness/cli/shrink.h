/* A failing case made small. */
#ifndef LAYERCAKE_CLI_SHRINK_H
#define LAYERCAKE_CLI_SHRINK_H

#include "check/verdict.h"
#include "cli/bench.h"

typedef struct cake_shrunken {
    cake_workload workload; /* the smallest that was found; owned */
    char *reason;           /* of its failure; owned */
    int tried, failed;      /* cases run for it */
} cake_shrunken;

/* Simplify the case's workload as long as its kernel fails with the same verdict, over a few hundred tries at most.
 * CAKE_INTERRUPTED, or what kept a case from being run. */
cake_status cake_shrink(const cake_bench *bench, const cake_run_options *options, const cake_case *item,
                        cake_verdict verdict, cake_shrunken *shrunken, cake_error *error);

void cake_shrunken_free(cake_shrunken *shrunken);

#endif
