/* pool2d by XNNPACK's NHWC pooling. Its mean leaves the padding out. */
#include <stddef.h>

#include "common/rare.h"
#include "xnnpack/api.h"

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

static void fit_padding(cake_pool2d *p)
{
    p->pad_b = end_padding(p->oh, p->stride_h, p->kh, p->dil_h, p->ih, p->pad_t);
    p->pad_r = end_padding(p->ow, p->stride_w, p->kw, p->dil_w, p->iw, p->pad_l);
}

static enum xnn_status create_max(operator_context *context, const cake_tensor *const *constants)
{
    fit_padding(&context->params.pool2d);
    return cake_xnn_create_max_pool(context, constants);
}

static enum xnn_status create_mean(operator_context *context, const cake_tensor *const *constants)
{
    fit_padding(&context->params.pool2d);
    return cake_xnn_create_mean_pool(context, constants);
}

const operator_maker cake_xnnpack_max_pool = {sizeof(cake_pool2d), refuse_max, create_max, cake_xnn_reshape_max_pool,
                                              cake_xnn_setup_max_pool};
const operator_maker cake_xnnpack_mean_pool = {sizeof(cake_pool2d), refuse_mean, create_mean,
                                               cake_xnn_reshape_mean_pool, cake_xnn_setup_mean_pool};
