/* The mean of a whole image by the operator that XNNPACK of 2022 has for it. */
#include <math.h>
#include <stddef.h>

#include "xnnpack/operator.h"

static const char *refuse(const cake_problem *problem)
{
    const cake_pool2d *p = problem->params;

    return p->kind == CAKE_POOL_AVG && p->oh == 1 && p->ow == 1 && p->kh == p->ih && p->kw == p->iw && !p->pad_t &&
                   !p->pad_l && p->dil_h == 1 && p->dil_w == 1
               ? NULL
               : "this kernel is for the mean of a whole image";
}

static enum xnn_status create(operator_context *context, const cake_tensor *const *constants)
{
    size_t channels = (size_t)context->params.pool2d.c;

    (void)constants;
    return xnn_create_global_average_pooling_nwc_f32(channels, channels, channels, -INFINITY, INFINITY, 0,
                                                     &context->handle);
}

static enum xnn_status reshape(operator_context *context, operator_workspace *wanted)
{
    (void)context;
    (void)wanted;
    return xnn_status_success;
}

static enum xnn_status setup(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_global_average_pooling_nwc_f32(context->handle, (size_t)p->n, (size_t)(p->ih * p->iw),
                                                    inputs[0]->data, output, context->pool);
}

static const operator_maker maker = {sizeof(cake_pool2d), refuse, create, reshape, setup};
const operator_maker *const cake_xnnpack_global_mean_pool = &maker;
