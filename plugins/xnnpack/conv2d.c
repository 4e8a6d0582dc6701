/* conv2d by XNNPACK's NHWC convolution: filters as [group][out][kh][kw][in], packed by XNNPACK in create; depthwise
 * has its own flag and order [kh][kw][channel]. */
#include <stddef.h>
#include <stdint.h>

#include "xnnpack/api.h"

static const char *refuse(const cake_problem *problem)
{
    const cake_conv2d *p = problem->params;

    return p->n > 0 && p->kh < INT32_MAX ? NULL : "too large";
}

static int is_depthwise(const cake_conv2d *p)
{
    return p->groups == p->ic && p->groups > 1;
}

/* From [oc][ic/groups][kh][kw]. */
static void order_filters(const cake_conv2d *p, const float *from, float *to)
{
    int64_t depth = p->ic / p->groups, window = p->kh * p->kw;

    for (int64_t o = 0; o < p->oc; o++)
        for (int64_t i = 0; i < depth; i++)
            for (int64_t w = 0; w < window; w++) {
                float value = from[(o * depth + i) * window + w];

                if (is_depthwise(p))
                    to[w * p->oc + o] = value;
                else
                    to[(o * window + w) * depth + i] = value;
            }
}

static enum xnn_status create(operator_context *context, const cake_tensor *const *constants)
{
    const cake_conv2d *p = &context->params.conv2d;
    const cake_host *host = context->host;
    int64_t depth = p->ic / p->groups;
    /* Padding beyond the last window is none to XNNPACK: it derives the output's size. */
    float *filters = host->alloc(host, (uint64_t)(p->oc * depth * p->kh * p->kw) * sizeof *filters, 64);
    enum xnn_status status;

    if (!filters)
        return xnn_status_out_of_memory;
    order_filters(p, constants[0]->data, filters);
    status = cake_xnn_create_convolution(context, filters, p->bias ? constants[1]->data : NULL,
                                         is_depthwise(p) ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0);
    host->free(host, filters);
    return status;
}

const operator_maker cake_xnnpack_conv2d = {sizeof(cake_conv2d), refuse, create, cake_xnn_reshape_convolution,
                                            cake_xnn_setup_convolution};
