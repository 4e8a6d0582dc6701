#include "xnnpack/api.h"

#include <math.h>
#include <stddef.h>

const char cake_xnn_api[] = "XNNPACK of 2022";

/* There is no product of two activations yet. */
const operator_maker *const cake_xnnpack_attention = NULL;

static enum xnn_status known_in_setup(operator_context *context, operator_workspace *wanted)
{
    (void)context;
    (void)wanted;
    return xnn_status_success;
}

enum xnn_status cake_xnn_create_convolution(operator_context *context, const float *filters, const float *bias,
                                            uint32_t flags)
{
    const cake_conv2d *p = &context->params.conv2d;

    return xnn_create_convolution2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h, (uint32_t)p->dil_w,
        (uint32_t)p->groups, (size_t)(p->ic / p->groups), (size_t)(p->oc / p->groups), (size_t)p->ic, (size_t)p->oc,
        filters, bias, -INFINITY, INFINITY, flags, &context->handle);
}

enum xnn_status cake_xnn_reshape_convolution(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_convolution(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    const cake_conv2d *p = &context->params.conv2d;

    return xnn_setup_convolution2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw,
                                            inputs[0]->data, output, context->pool);
}

enum xnn_status cake_xnn_create_linear(operator_context *context, const cake_tensor *const *constants)
{
    const cake_linear *p = &context->params.linear;

    return xnn_create_fully_connected_nc_f32((size_t)p->in, (size_t)p->out, (size_t)p->in, (size_t)p->out,
                                             constants[0]->data, p->bias ? constants[1]->data : NULL, -INFINITY,
                                             INFINITY, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_linear(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_linear(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_fully_connected_nc_f32(context->handle, (size_t)context->params.linear.rows, inputs[0]->data,
                                            output, context->pool);
}

enum xnn_status cake_xnn_create_max_pool(operator_context *context, const cake_tensor *const *constants)
{
    const cake_pool2d *p = &context->params.pool2d;

    (void)constants;
    return xnn_create_max_pooling2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h, (uint32_t)p->dil_w,
        (size_t)p->c, (size_t)p->c, (size_t)p->c, -INFINITY, INFINITY, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_max_pool(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_max_pool(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_max_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw,
                                            inputs[0]->data, output, context->pool);
}

enum xnn_status cake_xnn_create_mean_pool(operator_context *context, const cake_tensor *const *constants)
{
    const cake_pool2d *p = &context->params.pool2d;

    (void)constants;
    return xnn_create_average_pooling2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, (size_t)p->c, (size_t)p->c, (size_t)p->c,
        -INFINITY, INFINITY, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_mean_pool(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_mean_pool(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_average_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw,
                                                inputs[0]->data, output, context->pool);
}

enum xnn_status cake_xnn_create_softmax(operator_context *context, const cake_tensor *const *constants)
{
    size_t axis = (size_t)context->params.softmax.axis;

    (void)constants;
    return xnn_create_softmax_nc_f32(axis, axis, axis, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_softmax(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_softmax(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    return xnn_setup_softmax_nc_f32(context->handle, (size_t)context->params.softmax.outer, inputs[0]->data, output,
                                    context->pool);
}

const char *cake_xnn_refuse_activation(int32_t kind)
{
    return kind == CAKE_ACTIVATION_RELU || kind == CAKE_ACTIVATION_SIGMOID
               ? NULL
               : "of these functions XNNPACK of 2022 has relu and sigmoid";
}

enum xnn_status cake_xnn_create_activation(operator_context *context, const cake_tensor *const *constants)
{
    size_t elements = (size_t)context->params.activation.elements;

    (void)constants;
    if (context->params.activation.kind == CAKE_ACTIVATION_RELU)
        return xnn_create_clamp_nc_f32(elements, elements, elements, 0, INFINITY, 0, &context->handle);
    return xnn_create_sigmoid_nc_f32(elements, elements, elements, 0, &context->handle);
}

enum xnn_status cake_xnn_reshape_activation(operator_context *context, operator_workspace *wanted)
{
    return known_in_setup(context, wanted);
}

enum xnn_status cake_xnn_setup_activation(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    if (context->params.activation.kind == CAKE_ACTIVATION_RELU)
        return xnn_setup_clamp_nc_f32(context->handle, 1, inputs[0]->data, output, context->pool);
    return xnn_setup_sigmoid_nc_f32(context->handle, 1, inputs[0]->data, output, context->pool);
}
