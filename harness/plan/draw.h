/* Random workloads of any op, from its table of parameters: small ones, with the sizes at which kernels go wrong. */
#ifndef LAYERCAKE_PLAN_DRAW_H
#define LAYERCAKE_PLAN_DRAW_H

#include "base/random.h"
#include "plan/workload.h"

/* Draw a valid workload: ones, primes, sizes around vectors and blocks, large strides, now and then a long axis; half
 * of what has a default stays at it. Its cost is bounded (some 10^6 operations, 10^5 elements). The caller's to free.
 * CAKE_E_INTERNAL: no valid one among many tries. */
cake_status cake_workload_draw(const cake_op *op, cake_random *random, cake_workload *workload, cake_error *error);

/* The simpler workload number `step`, from 0 on, largest steps first: one parameter at its default or its least, halved,
 * or less by one. CAKE_NOT_FOUND: no such step; CAKE_NOT_SUPPORTED: that one is not valid, or no simpler. On
 * success *simpler is the caller's to free. */
cake_status cake_workload_simplify(const cake_workload *from, int step, cake_workload *simpler, cake_error *error);

#endif
