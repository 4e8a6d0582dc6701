/* What the kernels of this plugin share. */
#ifndef LAYERCAKE_PLUGINS_BLAS_BLAS_H
#define LAYERCAKE_PLUGINS_BLAS_BLAS_H

#include "blas/rows.h"
#include "layercake/plugin.h"

/* The table for this CPU. */
const blas_rows *blas_rows_for(const cake_host *host);

/* What every kernel asks first: f32, threads that the library can be told, extents that fit its integers.
 * `largest` is the largest extent of any product. */
int32_t blas_can_run(const cake_problem *problem, const cake_host *host, int64_t largest);

/* a b, or INT64_MAX if that is larger: for blas_can_run. */
int64_t blas_extent(int64_t a, int64_t b);

/* Workspace of n floats, or NULL. */
float *blas_floats(const cake_host *host, int64_t n);

extern const cake_kernel blas_linear, blas_conv2d_im2col, blas_conv2d_pointwise, blas_attention, blas_rnn;

#endif
