/* XNNPACK's operators for all versions: api_2022.c has those of Debian 12, whose setup tells sizes and places at once,
 * api_2024.c those since, with reshape for the sizes. Each takes the op's parameters from the context. */
#ifndef LAYERCAKE_PLUGINS_XNNPACK_API_H
#define LAYERCAKE_PLUGINS_XNNPACK_API_H

#include "xnnpack/operator.h"

typedef enum xnn_status api_create(operator_context *context, const cake_tensor *const *constants);
typedef enum xnn_status api_reshape(operator_context *context, operator_workspace *wanted);
typedef enum xnn_status api_setup(operator_context *context, const cake_tensor *const *inputs, float *output);

/* What the plugin says of the version, which XNNPACK does not number. */
extern const char cake_xnn_api[];

/* Filters as XNNPACK wants them; bias may be NULL. */
enum xnn_status cake_xnn_create_convolution(operator_context *context, const float *filters, const float *bias,
                                            uint32_t flags);
api_reshape cake_xnn_reshape_convolution;
api_setup cake_xnn_setup_convolution;

api_create cake_xnn_create_linear;
api_reshape cake_xnn_reshape_linear;
api_setup cake_xnn_setup_linear;

/* Padding at the end such that the last window fits exactly. */
api_create cake_xnn_create_max_pool;
api_reshape cake_xnn_reshape_max_pool;
api_setup cake_xnn_setup_max_pool;

api_create cake_xnn_create_mean_pool;
api_reshape cake_xnn_reshape_mean_pool;
api_setup cake_xnn_setup_mean_pool;

api_create cake_xnn_create_softmax;
api_reshape cake_xnn_reshape_softmax;
api_setup cake_xnn_setup_softmax;

/* NULL, or which kinds of activation there are. */
const char *cake_xnn_refuse_activation(int32_t kind);
api_create cake_xnn_create_activation;
api_reshape cake_xnn_reshape_activation;
api_setup cake_xnn_setup_activation;

#endif
