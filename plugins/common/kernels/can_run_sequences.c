/* What the kernels of attention and of recurrent layers can run. */
#include "common/kernels/kernels.h"

/* Keys are counted in int32 lanes. */
static int32_t attention_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_attention *p = problem->params;

    if (p->kv_len < INT32_MAX)
        return cake_f32_only(problem, host);
    host->explain(host, "counts keys in 31 bits");
    return CAKE_UNSUPPORTED;
}

int32_t cake_attention_tiled_can_run(const cake_problem *problem, const cake_host *host)
{
    return attention_can_run(problem, host);
}

int32_t cake_attention_decode_can_run(const cake_problem *problem, const cake_host *host)
{
    enum { MOST = 16 };
    const cake_attention *p = problem->params;

    if (p->heads / p->kv_heads * p->q_len <= MOST)
        return attention_can_run(problem, host);
    host->explain(host, "takes at most 16 queries for each key-value head");
    return CAKE_UNSUPPORTED;
}

int32_t cake_rnn_steps_can_run(const cake_problem *problem, const cake_host *host)
{
    return cake_f32_only(problem, host);
}
