/* softmax of rows, and the activations that XNNPACK has: relu as a clamp, sigmoid. */
#include <math.h>

#include "xnnpack/operator.h"

static const char *refuse_softmax(const cake_problem *problem)
{
    const cake_softmax *p = problem->params;

    if (p->log)
        return "XNNPACK has no logarithm of softmax";
    return p->inner != 1 ? "XNNPACK's softmax is along the last dimension" : NULL;
}

static enum xnn_status create_softmax(operator_context *context, const cake_tensor *const *constants,
                                      const cake_host *host)
{
    size_t axis = (size_t)context->params.softmax.axis;

    (void)constants;
    (void)host;
    return xnn_create_softmax_nc_f32(axis, axis, axis, 0, &context->handle);
}

static enum xnn_status setup_softmax(operator_context *context, const float *input, float *output)
{
    return xnn_setup_softmax_nc_f32(context->handle, (size_t)context->params.softmax.outer, input, output,
                                    context->pool);
}

static const char *refuse_activation(const cake_problem *problem)
{
    const cake_activation *p = problem->params;

    return p->kind == CAKE_ACTIVATION_RELU || p->kind == CAKE_ACTIVATION_SIGMOID
               ? NULL
               : "of these functions XNNPACK has relu and sigmoid";
}

static enum xnn_status create_activation(operator_context *context, const cake_tensor *const *constants,
                                         const cake_host *host)
{
    size_t elements = (size_t)context->params.activation.elements;

    (void)constants;
    (void)host;
    if (context->params.activation.kind == CAKE_ACTIVATION_RELU)
        return xnn_create_clamp_nc_f32(elements, elements, elements, 0, INFINITY, 0, &context->handle);
    return xnn_create_sigmoid_nc_f32(elements, elements, elements, 0, &context->handle);
}

static enum xnn_status setup_activation(operator_context *context, const float *input, float *output)
{
    if (context->params.activation.kind == CAKE_ACTIVATION_RELU)
        return xnn_setup_clamp_nc_f32(context->handle, 1, input, output, context->pool);
    return xnn_setup_sigmoid_nc_f32(context->handle, 1, input, output, context->pool);
}

const operator_maker cake_xnnpack_softmax = {sizeof(cake_softmax), refuse_softmax, create_softmax, setup_softmax};
const operator_maker cake_xnnpack_activation = {sizeof(cake_activation), refuse_activation, create_activation,
                                                setup_activation};
