/* What the kernels of this plugin share. */
#ifndef LAYERCAKE_PLUGINS_LIBXSMM_KERNELS_H
#define LAYERCAKE_PLUGINS_LIBXSMM_KERNELS_H

#include "layercake/plugin.h"

/* What every kernel asks first: f32, one OpenMP runtime, extents that LIBXSMM's int holds. */
int32_t xsmm_can_run(const cake_problem *problem, const cake_host *host);

extern const cake_kernel xsmm_linear, xsmm_conv2d, xsmm_rnn;

#endif
