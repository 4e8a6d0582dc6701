/* What the two files of conv2d share. */
#ifndef LAYERCAKE_REFERENCE_CONV2D_H
#define LAYERCAKE_REFERENCE_CONV2D_H

#include "reference/internal.h"

/* The absolute error that a CAKE_FAST kernel is allowed in each element of output plane (n, o); 0 for kernels that
 * are not, and for convolutions that neither Winograd's algorithm nor Strassen's serves. `changed` as in
 * cake_op.element. */
double cake_conv2d_fast_error(const cake_reference *reference, int64_t n, int64_t o, const cake_place *changed);

/* What that error needs to know of x: `prepare` and `release` of the op. */
cake_status cake_conv2d_fast_prepare(cake_reference *reference, cake_error *error);
void cake_conv2d_fast_release(cake_reference *reference);

#endif
