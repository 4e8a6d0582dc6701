#include <inttypes.h>
#include <stdio.h>

#include "common/kernels/kernels.h"

int32_t cake_f32_only(const cake_problem *problem, const cake_host *host)
{
    if (problem->dtype == CAKE_F32)
        return CAKE_DONE;
    host->explain(host, "computes f32 only");
    return CAKE_UNSUPPORTED;
}

int32_t cake_linear_packed_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}

int32_t cake_conv2d_direct_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}

int32_t cake_conv2d_winograd_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *op = problem->params;

    if (op->kh != 3 || op->kw != 3 || op->stride_h != 1 || op->stride_w != 1 || op->dil_h != 1 || op->dil_w != 1 ||
        op->groups != 1) {
        host->explain(host, "computes 3x3 windows of stride 1 without dilation and groups only");
        return CAKE_UNSUPPORTED;
    }
    return cake_f32_only(problem, host);
}

/* Blocks of less than a tile would cost more than they save. */
typedef struct bilinear_least {
    int64_t rows, in, out;
} bilinear_least;

static const bilinear_least strassen_least = {16, 64, 64}, hopcroft_kerr_least = {16, 128, 128};

static int32_t bilinear_can_run(const bilinear_least *least, double rows, int64_t in, int64_t out,
                                const cake_problem *problem, const cake_host *host)
{
    if (rows < (double)least->rows || in < least->in || out < least->out) {
        char text[128];
        snprintf(text, sizeof text,
                 "computes at least %" PRId64 " rows (pixels) of %" PRId64 " inputs and %" PRId64 " outputs",
                 least->rows, least->in, least->out);
        host->explain(host, text);
        return CAKE_UNSUPPORTED;
    }
    return cake_f32_only(problem, host);
}

static int32_t linear_bilinear_can_run(const bilinear_least *least, const cake_problem *problem,
                                       const cake_host *host)
{
    const cake_linear *op = problem->params;

    return bilinear_can_run(least, (double)op->rows, op->in, op->out, problem, host);
}

int32_t cake_linear_strassen_can_run(const cake_problem *problem, const cake_host *host)
{
    return linear_bilinear_can_run(&strassen_least, problem, host);
}

int32_t cake_linear_hopcroft_kerr_can_run(const cake_problem *problem, const cake_host *host)
{
    return linear_bilinear_can_run(&hopcroft_kerr_least, problem, host);
}

static int32_t conv2d_bilinear_can_run(const bilinear_least *least, const cake_problem *problem,
                                       const cake_host *host)
{
    const cake_conv2d *op = problem->params;

    if (op->kh != 1 || op->kw != 1 || op->groups != 1 || op->pad_t || op->pad_l || op->pad_b || op->pad_r) {
        host->explain(host, "computes 1x1 windows without padding and groups only");
        return CAKE_UNSUPPORTED;
    }
    return bilinear_can_run(least, (double)op->oh * (double)op->ow, op->ic, op->oc, problem, host);
}

int32_t cake_conv2d_strassen_can_run(const cake_problem *problem, const cake_host *host)
{
    return conv2d_bilinear_can_run(&strassen_least, problem, host);
}

int32_t cake_conv2d_hopcroft_kerr_can_run(const cake_problem *problem, const cake_host *host)
{
    return conv2d_bilinear_can_run(&hopcroft_kerr_least, problem, host);
}

int32_t cake_conv2d_first_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *op = problem->params;

    if (op->ic > 4 || op->groups != 1) {
        host->explain(host, "computes images of at most 4 channels, without groups");
        return CAKE_UNSUPPORTED;
    }
    return cake_f32_only(problem, host);
}

int32_t cake_conv2d_depthwise_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *op = problem->params;

    if (op->groups != op->ic || op->oc != op->ic) {
        host->explain(host, "computes one output channel of each input channel only");
        return CAKE_UNSUPPORTED;
    }
    return cake_f32_only(problem, host);
}
