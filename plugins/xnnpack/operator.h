/* An XNNPACK operator as a kernel of this plugin. */
#ifndef LAYERCAKE_PLUGINS_XNNPACK_OPERATOR_H
#define LAYERCAKE_PLUGINS_XNNPACK_OPERATOR_H

#include <xnnpack.h>

#include "layercake/plugin.h"

enum { OPERATOR_INPUTS = 4 };

typedef struct operator_maker operator_maker;

/* What an open kernel holds. */
typedef struct operator_context {
    const operator_maker *maker;
    const cake_host *host;
    xnn_operator_t handle;
    pthreadpool_t pool; /* NULL: one thread */
    void *workspace;    /* of the host, as the next two; NULL: none */
    float *scale;       /* attention: [head_dim] */
    float *mask;        /* attention: [q_len][kv_len] */
    union {
        cake_conv2d conv2d;
        cake_linear linear;
        cake_pool2d pool2d;
        cake_softmax softmax;
        cake_activation activation;
        cake_attention attention;
    } params;
    uint32_t n_inputs;
    const void *input[OPERATOR_INPUTS]; /* that the operator is set up for */
    void *output;
} operator_context;

/* A request of the operator for memory while it runs. */
typedef struct operator_workspace {
    size_t size_bytes, alignment_bytes;
} operator_workspace;

/* How an op becomes an operator; `data` of a kernel. */
struct operator_maker {
    size_t params_size;
    /* NULL, or why XNNPACK cannot. */
    const char *(*refuse)(const cake_problem *problem);
    enum xnn_status (*create)(operator_context *context, const cake_tensor *const *constants);
    /* Tell the operator the sizes of its tensors. */
    enum xnn_status (*reshape)(operator_context *context, operator_workspace *wanted);
    /* Tell the operator where its tensors are; only when they have moved. */
    enum xnn_status (*setup)(operator_context *context, const cake_tensor *const *inputs, float *output);
};

extern const operator_maker cake_xnnpack_conv2d, cake_xnnpack_linear, cake_xnnpack_max_pool, cake_xnnpack_mean_pool,
    cake_xnnpack_softmax, cake_xnnpack_activation;

/* NULL where the version has no such operator. */
extern const operator_maker *const cake_xnnpack_attention, *const cake_xnnpack_global_mean_pool;

#endif
