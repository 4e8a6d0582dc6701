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
