/* The values that the checks put into a workload's inputs and constants. */
#ifndef LAYERCAKE_CHECK_FILL_H
#define LAYERCAKE_CHECK_FILL_H

#include "reference/reference.h"

typedef enum cake_fill_set {
    CAKE_FILL_INTEGERS, /* -3 .. 3: sums are exact in f32 in every order */
    CAKE_FILL_REALS,
    CAKE_FILL_WIDE /* reals in a range eight times as wide: large exponents, saturated gates */
} cake_fill_set;

/* Fill `values` (cake_spec_elements of them), each rounded to the tensor's dtype. The same seed gives the same
 * values on every machine. */
void cake_fill(const cake_tensor_spec *spec, int32_t dtype, cake_fill_set set, uint64_t seed, double *values);

/* Values for all inputs and constants of a list, as cake_reference_begin takes them: an array of
 * CAKE_MAX_TENSORS, NULL for outputs. The caller frees with cake_values_free. */
cake_status cake_values_make(const cake_tensor_list *list, int32_t dtype, cake_fill_set set, uint64_t seed,
                             double **values, cake_error *error);
void cake_values_free(double **values);

#endif
