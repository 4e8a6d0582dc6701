/* linear by XNNPACK's fully connected operator, whose weights come as ours: [out][in]. */
#include <math.h>

#include "xnnpack/operator.h"

static const char *refuse(const cake_problem *problem)
{
    (void)problem;
    return NULL;
}

static enum xnn_status create(operator_context *context, const cake_tensor *const *constants, const cake_host *host)
{
    const cake_linear *p = &context->params.linear;

    (void)host;
    return xnn_create_fully_connected_nc_f32((size_t)p->in, (size_t)p->out, (size_t)p->in, (size_t)p->out,
                                             constants[0]->data, p->bias ? constants[1]->data : NULL, -INFINITY,
                                             INFINITY, 0, &context->handle);
}

static enum xnn_status setup(operator_context *context, const float *input, float *output)
{
    return xnn_setup_fully_connected_nc_f32(context->handle, (size_t)context->params.linear.rows, input, output,
                                            context->pool);
}

const operator_maker cake_xnnpack_linear = {sizeof(cake_linear), refuse, create, setup};
