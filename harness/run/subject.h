/* A workload in a dtype, with everything that its reference says of it. Shared by all kernels that are tried on it.
 */
#ifndef LAYERCAKE_RUN_SUBJECT_H
#define LAYERCAKE_RUN_SUBJECT_H

#include "check/fill.h"
#include "plan/workload.h"
#include "reference/reference.h"

/* Two trials are checked, the second is timed; the last holds other inputs for the same constants, to audit what was
 * timed. */
enum { CAKE_TRIALS = 2, CAKE_TRIAL_AUDIT = 2, CAKE_ACCURACIES = 3 };

/* One set of values. */
typedef struct cake_trial {
    cake_fill_set set;
    double *values[CAKE_MAX_TENSORS];
    /* For each accuracy class that was asked for: the evaluation, and each output's expected elements. */
    bool computed[CAKE_ACCURACIES];
    cake_reference reference[CAKE_ACCURACIES];
    cake_expected *expected[CAKE_ACCURACIES][CAKE_MAX_TENSORS]; /* by output: 0, 1, ... */
} cake_trial;

typedef struct cake_subject {
    const cake_workload *workload;
    int32_t dtype;
    uint64_t seed;
    int threads; /* that the reference may use */
    cake_tensor_list list;
    double flops, least_flops, bytes;
    cake_trial trials[CAKE_TRIALS + 1];
    bool has_audit; /* the last has values */
} cake_subject;

/* Fill the trials' values; `seed` decides them. */
cake_status cake_subject_make(cake_subject *subject, const cake_workload *workload, int32_t dtype, uint64_t seed,
                              int threads, cake_error *error);
void cake_subject_free(cake_subject *subject);

/* Give the audit's trial inputs that nobody has seen. */
cake_status cake_subject_refresh(cake_subject *subject, uint64_t seed, cake_error *error);

/* The trial with what the reference expects of an accuracy class, computed when it is first asked for. */
cake_status cake_subject_expect(cake_subject *subject, int trial, int32_t accuracy, cake_error *error);

/* Does the trial allow no error at all of a kernel of that class? */
bool cake_subject_exact(const cake_subject *subject, int trial, int32_t accuracy);

#endif
