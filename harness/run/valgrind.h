/* Counts without a PMU: one call under Valgrind's callgrind, which simulates caches and a branch predictor. They are
 * the same each time, to the last digit, so that a gate can rest on them. */
#ifndef LAYERCAKE_RUN_VALGRIND_H
#define LAYERCAKE_RUN_VALGRIND_H

#include "run/bout.h"

typedef struct cake_valgrind_counts {
    double instructions, l1d_misses, llc_misses, branch_misses; /* of one call, warm; NAN: not known */
    char reason[256];                                           /* why they are not; "" where they are */
    bool narrower; /* Valgrind lacks AVX-512, so a kernel that chooses by the CPU may have run other code */
} cake_valgrind_counts;

/* Start a worker of the entrant's kernel under Valgrind, without a sandbox, which Valgrind could not live in, and
 * count its second call. The plugin has passed its check. Takes 50 to 100 times as long as two calls; not more than
 * the run's timeout a call. */
void cake_valgrind_count(const cake_bout *bout, const cake_entrant *entrant, cake_valgrind_counts *counts);

/* Where Valgrind is, or NULL. */
const char *cake_valgrind_program(void);

#endif
