/* conv2d by XNNPACK's NHWC convolution: filters as [group][out][kh][kw][in], packed by XNNPACK in create; depthwise
 * has its own flag and order [kh][kw][channel]. */
#include <math.h>
#include <stdint.h>

#include "xnnpack/operator.h"

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

static enum xnn_status create(operator_context *context, const cake_tensor *const *constants, const cake_host *host)
{
    const cake_conv2d *p = &context->params.conv2d;
    int64_t depth = p->ic / p->groups;
    /* Padding beyond the last window is none to XNNPACK: it derives the output's size. */
    float *filters = host->alloc(host, (uint64_t)(p->oc * depth * p->kh * p->kw) * sizeof *filters, 64);
    enum xnn_status status = xnn_status_out_of_memory;

    if (!filters)
        return status;
    order_filters(p, constants[0]->data, filters);
    status = xnn_create_convolution2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)p->pad_r, (uint32_t)p->pad_b, (uint32_t)p->pad_l, (uint32_t)p->kh,
        (uint32_t)p->kw, (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h, (uint32_t)p->dil_w,
        (uint32_t)p->groups, (size_t)depth, (size_t)(p->oc / p->groups), (size_t)p->ic, (size_t)p->oc, filters,
        p->bias ? constants[1]->data : NULL, -INFINITY, INFINITY,
        is_depthwise(p) ? XNN_FLAG_DEPTHWISE_CONVOLUTION : 0, &context->handle);
    host->free(host, filters);
    return status;
}

static enum xnn_status setup(operator_context *context, const float *input, float *output)
{
    const cake_conv2d *p = &context->params.conv2d;

    return xnn_setup_convolution2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw, input,
                                            output, context->pool);
}

const operator_maker cake_xnnpack_conv2d = {sizeof(cake_conv2d), refuse, create, setup};
