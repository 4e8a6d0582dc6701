/* What the kernels of attention, of recurrent and of composed layers can run. */
#include "common/kernels/kernels.h"
#include "common/rare.h"

/* Keys are counted in int32 lanes. */
static int32_t keys_can_run(int64_t kv_len, const cake_problem *problem, const cake_host *host)
{
    if (kv_len < INT32_MAX)
        return cake_f32_only(problem, host);
    host->explain(host, "counts keys in 31 bits");
    return CAKE_UNSUPPORTED;
}

static int32_t attention_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_attention *p = problem->params;

    if (CAKE_HAS(p, cake_attention, scores) && (p->softcap > 0 || p->scores)) {
        host->explain(host, "no softcap, no scores as an output");
        return CAKE_UNSUPPORTED;
    }
    return keys_can_run(p->kv_len, problem, host);
}

/* So are the rows that go to experts. */
static int32_t choices_can_run(int64_t rows, int64_t top_k, const cake_problem *problem, const cake_host *host)
{
    if (rows < INT32_MAX / top_k)
        return cake_f32_only(problem, host);
    host->explain(host, "counts a row's experts, of all rows, in 31 bits");
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
    if (!cake_rnn_has_other_functions(problem->params))
        return cake_f32_only(problem, host);
    host->explain(host, "no other functions than the cell's, no input_forget");
    return CAKE_UNSUPPORTED;
}

int32_t cake_mha_composed_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_mha *p = problem->params;

    return keys_can_run(p->kv_len, problem, host);
}

int32_t cake_transformer_block_composed_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_transformer_block *p = problem->params;

    return keys_can_run(p->len, problem, host);
}

int32_t cake_moe_composed_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_moe *p = problem->params;

    return choices_can_run(p->rows, p->top_k, problem, host);
}

int32_t cake_mla_composed_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_mla *p = problem->params;

    return keys_can_run(p->past + p->len, problem, host);
}

int32_t cake_deepseek_block_composed_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_deepseek_block *p = problem->params;

    return choices_can_run(p->batch * p->len, p->top_k, problem, host);
}

int32_t cake_rope_table_can_run(const cake_problem *problem, const cake_host *host)
{
    const cake_rope *p = problem->params;

    if (!CAKE_HAS(p, cake_rope, tables) || !p->tables)
        return cake_f32_only(problem, host);
    host->explain(host, "keeps a table of its own, takes none");
    return CAKE_UNSUPPORTED;
}
