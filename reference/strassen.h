/* The error of Strassen's algorithm, for the ops that are products of matrices. */
#ifndef LAYERCAKE_REFERENCE_STRASSEN_H
#define LAYERCAKE_REFERENCE_STRASSEN_H

#include "reference/internal.h"

/* Mean squares of a product's two matrices. */
typedef struct cake_strassen_data {
    double a, b;
} cake_strassen_data;

/* The absolute error that accuracy class CAKE_FAST allows in each element of a product of k terms, whose left matrix
 * has had an element set to `changed` since the mean squares were taken (0: none of `elements`). */
double cake_strassen_error(const cake_strassen_data *data, double k, double changed, double elements, double u);

/* Mean square of n values. */
double cake_mean_square(const double *values, int64_t n);

#endif
