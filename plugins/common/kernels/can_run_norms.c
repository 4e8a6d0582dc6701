/* What the kernels of norms, pooling and single elements can run. */
#include "common/kernels/kernels.h"
#include "common/rare.h"

int32_t cake_batch_norm_affine_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_batch_norm *p = problem->params;

    if (!p->training)
        return cake_f32_only(problem, host);
    host->explain(host, "computes inference only");
    return CAKE_UNSUPPORTED;
}

int32_t cake_batch_norm_training_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_batch_norm *p = problem->params;

    if (p->training && problem->layout != CAKE_NHWC)
        return cake_f32_only(problem, host);
    host->explain(host, p->training ? "takes no nhwc" : "computes training only");
    return CAKE_UNSUPPORTED;
}

int32_t cake_group_norm_runs_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}

int32_t cake_layer_norm_rows_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}

int32_t cake_rms_norm_rows_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}

static int32_t pool2d_can_run(const cake_problem *problem, const cake_host *host)
{
    if (!cake_pool2d_has_indices(problem->params))
        return cake_f32_only(problem, host);
    host->explain(host, "no indices of the maxima");
    return CAKE_UNSUPPORTED;
}

int32_t cake_pool2d_lanes_can_run(const cake_problem *problem, const cake_host *host)
{
    return pool2d_can_run(problem, host);
}

int32_t cake_pool2d_planes_can_run(const cake_problem *problem, const cake_host *host)
{
    return pool2d_can_run(problem, host);
}

int32_t cake_elementwise_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}
