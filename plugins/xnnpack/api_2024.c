#include "xnnpack/api.h"

#include <math.h>
#include <stddef.h>

const char cake_xnn_api[] = "XNNPACK of 2024";

/* Its mean over any axes (reduce_nd), which took its place, calls a missing function with AVX-512 in Debian 13. */
const operator_maker *const cake_xnnpack_global_mean_pool = NULL;

enum xnn_status cake_xnn_create_convolution(operator_context *context, const float *filters, const float *bias,
                                            uint32_t flags)
{
    const cake_conv2d *p = &context->params.conv2d;

    return xnn_create_convolution2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h, (uint32_t)p->dil_w,
        (uint32_t)p->groups, (size_t)(p->ic / p->groups), (size_t)(p->oc / p->groups), (size_t)p->ic, (size_t)p->oc,
        filters, bias, -INFINITY, INFINITY, flags, NULL, NULL, &context->handle);
}

enum xnn_status cake_xnn_reshape_convolution(operator_context *context, operator_workspace *wanted)
{
    const cake_conv2d *p = &context->params.conv2d;

    return xnn_reshape_convolution2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw,
                                              &wanted->size_bytes, &wanted->alignment_bytes, NULL, NULL,
                                              context->pool);
}

enum xnn_status cake_xnn_setup_convolution(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_convolution2d_nhwc_f32(context->handle, context->workspace, inputs[0]->data, output);
}

enum xnn_status cake_xnn_create_linear(operator_context *context, const cake_tensor *const *constants)
{
    const cake_linear *p = &context->params.linear;

    return xnn_create_fully_connected_nc_f32((size_t)p->in, (size_t)p->out, (size_t)p->in, (size_t)p->out,
                                             constants[0]->data, p->bias ? constants[1]->data : NULL, -INFINITY,
                                             INFINITY, 0, NULL, NULL, &context->handle);
}

enum xnn_status cake_xnn_reshape_linear(operator_context *context, operator_workspace *wanted)
{
    (void)wanted;
    return xnn_reshape_fully_connected_nc_f32(context->handle, (size_t)context->params.linear.rows, context->pool);
}

enum xnn_status cake_xnn_setup_linear(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_fully_connected_nc_f32(context->handle, inputs[0]->data, output);
}

enum xnn_status cake_xnn_create_max_pool(operator_context *context, const cake_tensor *const *constants)
{
    const cake_pool2d *p = &context->params.pool2d;

    (void)constants;
    return xnn_create_max_pooling2d_nhwc_f32((uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b,
                                             (uint32_t)p->pad_l, (uint32_t)p->kh, (uint32_t)p->kw,
                                             (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h,
                                             (uint32_t)p->dil_w, -INFINITY, INFINITY, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_max_pool(operator_context *context, operator_workspace *wanted)
{
    const cake_pool2d *p = &context->params.pool2d;
    const size_t c = (size_t)p->c;

    (void)wanted;
    return xnn_reshape_max_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw, c, c, c,
                                              NULL, NULL, context->pool);
}

enum xnn_status cake_xnn_setup_max_pool(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_max_pooling2d_nhwc_f32(context->handle, inputs[0]->data, output);
}

enum xnn_status cake_xnn_create_mean_pool(operator_context *context, const cake_tensor *const *constants)
{
    const cake_pool2d *p = &context->params.pool2d;

    (void)constants;
    return xnn_create_average_pooling2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, -INFINITY, INFINITY, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_mean_pool(operator_context *context, operator_workspace *wanted)
{
    const cake_pool2d *p = &context->params.pool2d;
    const size_t c = (size_t)p->c;

    return xnn_reshape_average_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw, c, c,
                                                  c, &wanted->size_bytes, &wanted->alignment_bytes, NULL, NULL,
                                                  context->pool);
}

enum xnn_status cake_xnn_setup_mean_pool(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_average_pooling2d_nhwc_f32(context->handle, context->workspace, inputs[0]->data, output);
}

enum xnn_status cake_xnn_create_softmax(operator_context *context, const cake_tensor *const *constants)
{
    (void)constants;
    return xnn_create_softmax_nc_f32(0, &context->handle);
}

enum xnn_status cake_xnn_reshape_softmax(operator_context *context, operator_workspace *wanted)
{
    const cake_softmax *p = &context->params.softmax;
    const size_t axis = (size_t)p->axis;

    (void)wanted;
    return xnn_reshape_softmax_nc_f32(context->handle, axis, axis, axis, (size_t)p->outer, context->pool);
}

enum xnn_status cake_xnn_setup_softmax(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_softmax_nc_f32(context->handle, inputs[0]->data, output);
}

static enum xnn_unary_operator function_of(int32_t kind)
{
    static const struct {
        int32_t kind;
        enum xnn_unary_operator function;
    } table[] = {
        {CAKE_ACTIVATION_RELU, xnn_unary_clamp},
        {CAKE_ACTIVATION_GELU, xnn_unary_gelu},
        {CAKE_ACTIVATION_SIGMOID, xnn_unary_sigmoid},
        {CAKE_ACTIVATION_TANH, xnn_unary_tanh},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].kind == kind)
            return table[i].function;
    return xnn_unary_invalid;
}

const char *cake_xnn_refuse_activation(int32_t kind)
{
    return function_of(kind) == xnn_unary_invalid ? "of these functions XNNPACK has relu, gelu, sigmoid and tanh"
                                                  : NULL;
}

enum xnn_status cake_xnn_create_activation(operator_context *context, const cake_tensor *const *constants)
{
    const union xnn_unary_params relu = {.clamp = {.min = 0, .max = INFINITY}};

    (void)constants;
    return xnn_create_unary_elementwise_nc(function_of(context->params.activation.kind), xnn_datatype_fp32,
                                           xnn_datatype_fp32, &relu, NULL, NULL, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_activation(operator_context *context, operator_workspace *wanted)
{
    const size_t elements = (size_t)context->params.activation.elements;

    (void)wanted;
    return xnn_reshape_unary_elementwise_nc(context->handle, 1, elements, elements, elements, context->pool);
}

enum xnn_status cake_xnn_setup_activation(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_unary_elementwise_nc(context->handle, inputs[0]->data, output);
}
