/* attention by tiles with an online softmax (attention_block.inc.h). One phase; an item is a block of ATTENTION_ROWS
 * queries. */
#include "common/kernels/attention_block.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

typedef struct attention_tiled {
    const cake_host *host;
    attention_plan plan;
    float *scratch;
} attention_tiled;

static void attention_tiled_close(void *ctx)
{
    attention_tiled *a = ctx;

    workspace_free(a->host, a->scratch);
    a->host->free(a->host, a);
}

static int32_t attention_tiled_open(const cake_problem *problem, const cake_tensor *const *constants,
                                    const cake_host *host, void **ctx)
{
    attention_tiled *a = host->alloc(host, sizeof *a, 64);

    (void)constants;
    if (!a)
        return CAKE_NO_MEMORY;
    *a = (attention_tiled){.host = host, .plan = attention_plan_of(problem->params)};
    a->scratch = workspace_floats(host, problem->threads * a->plan.scratch_floats);
    if (!a->scratch) {
        attention_tiled_close(a);
        return CAKE_NO_MEMORY;
    }
    *ctx = a;
    return CAKE_DONE;
}

static int64_t attention_tiled_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t attention_tiled_items(const void *ctx, int64_t phase)
{
    const attention_tiled *a = ctx;

    (void)phase;
    return attention_items(&a->plan);
}

static void attention_tiled_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                 int64_t phase, int64_t begin, int64_t end, int thread)
{
    const attention_tiled *a = ctx;
    const attention_call call = {.q = inputs[0]->data,
                                 .k = inputs[1]->data,
                                 .v = inputs[2]->data,
                                 .mask = a->plan.op.mask ? inputs[3]->data : NULL,
                                 .y = outputs[0]->data};

    (void)phase;
    for (int64_t item = begin; item < end; item++)
        attention_item(&a->plan, &call, item, a->scratch + thread * a->plan.scratch_floats);
}
