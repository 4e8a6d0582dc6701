/* What the tests of reference/ share: an evaluation made from a workload's parameters and random values. */
#ifndef LAYERCAKE_TESTS_REFERENCE_CHECK_H
#define LAYERCAKE_TESTS_REFERENCE_CHECK_H

#include "reference/reference.h"

/* An evaluation with its own arrays. `expected[i]` and `count[i]` belong to output i. */
typedef struct evaluation {
    cake_reference reference;
    double *values[CAKE_MAX_TENSORS];
    cake_expected *expected[CAKE_MAX_TENSORS];
    int64_t count[CAKE_MAX_TENSORS];
    int outputs;
} evaluation;

/* Validate the params (must hold), fill inputs and constants with the op's fills rounded to f32, and compute all. */
evaluation evaluate(const char *op, void *params, int32_t accuracy, uint64_t seed);

/* Compute all again from the present values. */
void evaluate_again(evaluation *e);

void evaluation_free(evaluation *e);

/* Index in the tensor list of output i. */
int output_tensor(const evaluation *e, int output);

/* The array of the tensor of that name. */
double *tensor_values(evaluation *e, const char *name);

/* Evaluate one element of every output place as `element` does and compare with the whole result; then change
 * words as `influence` names them and compare with a fresh evaluation. At most `samples` places an output.
 * `sways`: whether a changed influential word must change the value. */
void check_elements(evaluation *e, int samples, bool sways);

/* Largest |found - expected| / bound over output i; infinite where a difference has no bound. */
double worst_error(const evaluation *e, int output, const float *found);

/* The same over the smallest of the largest: false if every element is within its bound. */
bool rejects(const evaluation *e, int output, const float *found);

/* The tensor's values as f32, and rounded to bf16. Freed by the caller. */
float *as_f32(evaluation *e, const char *name);
float *as_bf16(evaluation *e, const char *name);

/* Validate must fail with a message that contains `text`. */
void check_invalid(const char *op, void *params, const char *text);

#endif
