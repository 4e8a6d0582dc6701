/* What the tests of reference/ share: an evaluation made from a workload's parameters and random values. */
#ifndef LAYERCAKE_TESTS_REFERENCE_CHECK_H
#define LAYERCAKE_TESTS_REFERENCE_CHECK_H

#include "plan/workload.h"

/* An evaluation with its own arrays. `expected[i]` and `count[i]` belong to output i. */
typedef struct evaluation {
    cake_workload workload;
    cake_reference reference;
    double *values[CAKE_MAX_TENSORS];
    cake_expected *expected[CAKE_MAX_TENSORS];
    int64_t count[CAKE_MAX_TENSORS];
    int outputs;
} evaluation;

/* Fill inputs and constants as the op says, rounded to f32, and compute all. The params must be valid. */
evaluation evaluate(const char *op, void *params, int32_t accuracy, uint64_t seed);

/* The same of a workload's line: "linear in=3 out=2". */
evaluation evaluate_line(const char *workload, int32_t accuracy, uint64_t seed);

/* Copy numbers into the tensor of that name, from its first element on. */
void set_values(evaluation *e, const char *name, const double *values, int count);

/* Compute all again from the present values. */
void evaluate_again(evaluation *e);

void evaluation_free(evaluation *e);

/* Index in the tensor list of output i. */
int output_tensor(const evaluation *e, int output);

/* The array of the tensor of that name. */
double *tensor_values(evaluation *e, const char *name);

/* At most `samples` elements of each output: `element` must agree with the whole result; then the word that
 * `influence` names is changed, and it must agree with a fresh evaluation. `sways`: and the value must have changed.
 */
void check_elements(evaluation *e, int samples, bool sways);

/* Largest |found - expected| / bound over output i; infinite where a difference has no bound. */
double worst_error(const evaluation *e, int output, const float *found);

/* True if an element is beyond its bound. */
bool rejects(const evaluation *e, int output, const float *found);

/* The tensor's values as f32, and rounded to bf16. Freed by the caller. */
float *as_f32(evaluation *e, const char *name);
float *as_bf16(evaluation *e, const char *name);

/* Validation, or the reading of a workload's line, must fail with a message that contains `text`. */
void check_invalid(const char *op, void *params, const char *text);
void check_invalid_line(const char *workload, const char *text);

/* Read a workload, for what needs no evaluation. */
cake_workload parse(const char *workload);

#endif
