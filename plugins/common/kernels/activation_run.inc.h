/* activation: a function of each element. One phase; an item is a run of elements.
 *
 * Floor: reading x and writing y once, and about 20 instructions a vector. They depend on each other all the way, more
 * of them than the CPU's schedulers hold for as many vectors as would hide it: so several vectors are computed in step
 * (activation.inc.h), and CMakeLists.txt asks the compiler to order their instructions by that. */
#include "common/kernels/activation.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/rows.h"

enum { ACTIVATION_ITEM = 16384 }; /* floats of an item, about */

typedef struct activation_run {
    const cake_host *host;
    cake_activation op;
    int64_t block; /* elements of an item */
} activation_run;

static void activation_run_close(void *ctx)
{
    activation_run *a = ctx;

    a->host->free(a->host, a);
}

static int32_t activation_run_open(const cake_problem *problem, const cake_tensor *const *constants,
                                   const cake_host *host, void **ctx)
{
    const cake_activation *p = problem->params;
    activation_run *a = host->alloc(host, sizeof *a, 64);

    (void)constants;
    if (!a)
        return CAKE_NO_MEMORY;
    *a = (activation_run){.host = host, .op = *p};
    a->block = rows_of_item(p->elements, 1, ACTIVATION_ITEM, ACTIVATION_STEP, problem->threads);
    *ctx = a;
    return CAKE_DONE;
}

static int64_t activation_run_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t activation_run_items(const void *ctx, int64_t phase)
{
    const activation_run *a = ctx;

    (void)phase;
    return rows_items(a->op.elements, a->block);
}

static void activation_run_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                int64_t phase, int64_t begin, int64_t end, int thread)
{
    const activation_run *a = ctx;
    int64_t first = begin * a->block, last = end * a->block < a->op.elements ? end * a->block : a->op.elements;

    (void)phase;
    (void)thread;
    activation_apply(a->op.kind, (const float *)inputs[0]->data + first, (float *)outputs[0]->data + first,
                     last - first);
}
