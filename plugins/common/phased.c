#include "common/phased.h"

#include "common/choose.h"

/* What a single-threaded kernel keeps: its phases and their ctx. */
typedef struct {
    const cake_phased *phased;
    const cake_host *host;
    void *ctx;
} single;

int32_t cake_phased_can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_phased *phased = kernel->data;

    return phased->chooser ? cake_chooser_can_run(phased->chooser, problem, host) : phased->can_run(problem, host);
}

static int32_t single_open(const cake_phased *phased, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    single *s = host->alloc(host, sizeof *s, 64);
    int32_t status;

    if (!s)
        return CAKE_NO_MEMORY;
    s->phased = phased;
    s->host = host;
    status = phased->open(problem, constants, host, &s->ctx);
    if (status != CAKE_DONE) {
        host->free(host, s);
        return status;
    }
    *ctx = s;
    return CAKE_DONE;
}

int32_t cake_phased_open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                         const cake_host *host, void **ctx)
{
    static const cake_runner one_thread = {single_open, cake_phased_run, cake_phased_close};
    const cake_phased *phased = kernel->data;

    return phased->chooser ? cake_chooser_open(phased->chooser, &one_thread, problem, constants, host, ctx)
                           : single_open(phased, problem, constants, host, ctx);
}

void cake_phased_call(const cake_phased *phased, void *ctx, const cake_tensor *const *inputs,
                      const cake_tensor *const *outputs)
{
    int64_t phases = phased->phases(ctx);

    for (int64_t phase = 0; phase < phases; phase++) {
        int64_t items = phased->items(ctx, phase);

        if (items > 0)
            phased->work(ctx, inputs, outputs, phase, 0, items, 0);
    }
}

int32_t cake_phased_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const single *s = ctx;

    cake_phased_call(s->phased, s->ctx, inputs, outputs);
    return CAKE_DONE;
}

void cake_phased_close(void *ctx)
{
    single *s = ctx;
    const cake_host *host = s->host;

    s->phased->close(s->ctx);
    host->free(host, s);
}
