/* pool2d by XNNPACK's NHWC pooling. Its mean leaves the padding out. */
#include <math.h>
#include <stddef.h>

#include "common/rare.h"
#include "xnnpack/operator.h"

static const char *refuse_max(const cake_problem *problem)
{
    const cake_pool2d *p = problem->params;
    int padded = p->pad_t || p->pad_b || p->pad_l || p->pad_r || p->ceil_mode;

    if (p->kind != CAKE_POOL_MAX)
        return "this kernel is for maxima";
    if (cake_pool2d_has_indices(p))
        return "XNNPACK's maximum gives no indices";
    if (padded && (p->dil_h != 1 || p->dil_w != 1))
        return "XNNPACK takes the image's edge for padding, which a window with dilation may step over";
    return p->kh * p->kw == 1 ? "XNNPACK has no 1x1 window" : NULL;
}

static const char *refuse_mean(const cake_problem *problem)
{
    const cake_pool2d *p = problem->params;

    if (p->kind != CAKE_POOL_AVG)
        return "this kernel is for means";
    if (p->dil_h != 1 || p->dil_w != 1)
        return "XNNPACK's mean has no dilation";
    if (p->count_pad && (p->pad_t || p->pad_b || p->pad_l || p->pad_r))
        return "XNNPACK's mean leaves the padding out";
    return p->kh * p->kw == 1 ? "XNNPACK has no 1x1 window" : NULL;
}

/* Padding at the end such that the last window fits exactly. */
static int64_t end_padding(int64_t outputs, int64_t stride, int64_t window, int64_t dilation, int64_t size,
                           int64_t begin)
{
    int64_t end = (outputs - 1) * stride + (window - 1) * dilation + 1 - size - begin;

    return end > 0 ? end : 0;
}

static enum xnn_status create_max(operator_context *context, const cake_tensor *const *constants,
                                  const cake_host *host)
{
    const cake_pool2d *p = &context->params.pool2d;
    int64_t bottom = end_padding(p->oh, p->stride_h, p->kh, p->dil_h, p->ih, p->pad_t);
    int64_t right = end_padding(p->ow, p->stride_w, p->kw, p->dil_w, p->iw, p->pad_l);

    (void)constants;
    (void)host;
    return xnn_create_max_pooling2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)right, (uint32_t)bottom, (uint32_t)p->pad_l, (uint32_t)p->kh, (uint32_t)p->kw,
        (uint32_t)p->stride_h, (uint32_t)p->stride_w, (uint32_t)p->dil_h, (uint32_t)p->dil_w, (size_t)p->c,
        (size_t)p->c, (size_t)p->c, -INFINITY, INFINITY, 0, &context->handle);
}

static enum xnn_status setup_max(operator_context *context, const float *input, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_max_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw, input,
                                            output, context->pool);
}

static enum xnn_status create_mean(operator_context *context, const cake_tensor *const *constants,
                                   const cake_host *host)
{
    const cake_pool2d *p = &context->params.pool2d;
    int64_t bottom = end_padding(p->oh, p->stride_h, p->kh, 1, p->ih, p->pad_t);
    int64_t right = end_padding(p->ow, p->stride_w, p->kw, 1, p->iw, p->pad_l);

    (void)constants;
    (void)host;
    return xnn_create_average_pooling2d_nhwc_f32(
        (uint32_t)p->pad_t, (uint32_t)right, (uint32_t)bottom, (uint32_t)p->pad_l, (uint32_t)p->kh, (uint32_t)p->kw,
        (uint32_t)p->stride_h, (uint32_t)p->stride_w, (size_t)p->c, (size_t)p->c, (size_t)p->c, -INFINITY, INFINITY,
        0, &context->handle);
}

static enum xnn_status setup_mean(operator_context *context, const float *input, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_average_pooling2d_nhwc_f32(context->handle, (size_t)p->n, (size_t)p->ih, (size_t)p->iw, input,
                                                output, context->pool);
}

static const char *refuse_global_mean(const cake_problem *problem)
{
    const cake_pool2d *p = problem->params;

    return p->kind == CAKE_POOL_AVG && p->oh == 1 && p->ow == 1 && p->kh == p->ih && p->kw == p->iw && !p->pad_t &&
                   !p->pad_l && p->dil_h == 1 && p->dil_w == 1
               ? NULL
               : "this kernel is for the mean of a whole image";
}

static enum xnn_status create_global_mean(operator_context *context, const cake_tensor *const *constants,
                                          const cake_host *host)
{
    size_t channels = (size_t)context->params.pool2d.c;

    (void)constants;
    (void)host;
    return xnn_create_global_average_pooling_nwc_f32(channels, channels, channels, -INFINITY, INFINITY, 0,
                                                     &context->handle);
}

static enum xnn_status setup_global_mean(operator_context *context, const float *input, float *output)
{
    const cake_pool2d *p = &context->params.pool2d;

    return xnn_setup_global_average_pooling_nwc_f32(context->handle, (size_t)p->n, (size_t)(p->ih * p->iw), input,
                                                    output, context->pool);
}

const operator_maker cake_xnnpack_max_pool = {sizeof(cake_pool2d), refuse_max, create_max, setup_max};
const operator_maker cake_xnnpack_mean_pool = {sizeof(cake_pool2d), refuse_mean, create_mean, setup_mean};
const operator_maker cake_xnnpack_global_mean_pool = {sizeof(cake_pool2d), refuse_global_mean, create_global_mean,
                                                      setup_global_mean};
