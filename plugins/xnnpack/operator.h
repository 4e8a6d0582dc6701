/* An XNNPACK operator as a kernel of this plugin. */
#ifndef LAYERCAKE_PLUGINS_XNNPACK_OPERATOR_H
#define LAYERCAKE_PLUGINS_XNNPACK_OPERATOR_H

#include <xnnpack.h>

#include "layercake/plugin.h"

typedef struct operator_maker operator_maker;

/* What an open kernel holds. */
typedef struct operator_context {
    const operator_maker *maker;
    xnn_operator_t handle;
    pthreadpool_t pool; /* NULL: one thread */
    union {
        cake_conv2d conv2d;
        cake_linear linear;
        cake_pool2d pool2d;
        cake_softmax softmax;
        cake_activation activation;
    } params;
    const void *input; /* that the operator is set up for */
    void *output;
} operator_context;

/* How an op becomes an operator; `data` of a kernel. */
struct operator_maker {
    size_t params_size;
    /* NULL, or why XNNPACK cannot. */
    const char *(*refuse)(const cake_problem *problem);
    enum xnn_status (*create)(operator_context *context, const cake_tensor *const *constants, const cake_host *host);
    /* Tell the operator where its tensors are; it makes tables from that, so only when they have moved. */
    enum xnn_status (*setup)(operator_context *context, const float *input, float *output);
};

extern const operator_maker cake_xnnpack_conv2d, cake_xnnpack_linear, cake_xnnpack_max_pool, cake_xnnpack_mean_pool,
    cake_xnnpack_global_mean_pool, cake_xnnpack_softmax, cake_xnnpack_activation;

#endif
