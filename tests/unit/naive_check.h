/* The naive plugin's layers, run on the values of an evaluation: formulas written a second time, in f32. */
#ifndef LAYERCAKE_TESTS_NAIVE_CHECK_H
#define LAYERCAKE_TESTS_NAIVE_CHECK_H

#include "naive/naive.h"
#include "reference_check.h"

/* Run the layer; the worst error in bounds over all outputs. `low`: inputs and constants are rounded to bf16 first.
 */
double naive_error(evaluation *e, const naive_layer *layer, bool low);

/* For each line, NULL-terminated: the layer stays within the bounds; `element` agrees with the whole result and
 * follows influential words; zeros are rejected, and so is the layer on values rounded to bf16, if `rounds`. */
void check_against_naive(const char *const *lines, const naive_layer *layer, bool rounds);

#endif
