/* One kernel, built more than once under different names (TWIN_NAME): a comparison of the builds must find them the
 * same. TWIN_EXTRA is how many rows in a hundred it computes a second time: a slowdown planted for a comparison to find. */
#include <layercake/plugin.h>
#include <stdlib.h>

typedef struct context {
    const float *w;
    int64_t rows, in, out;
    int threads;
} context;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_linear *p = problem->params;

    (void)kernel;
    if (problem->dtype == CAKE_F32 && !p->bias)
        return CAKE_DONE;
    host->explain(host, "only f32, without bias");
    return CAKE_UNSUPPORTED;
}

static int32_t open_twin(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                         const cake_host *host, void **ctx)
{
    const cake_linear *p = problem->params;
    context *c = malloc(sizeof *c);

    (void)kernel;
    (void)host;
    if (!c)
        return CAKE_NO_MEMORY;
    *c = (context){constants[0]->data, p->rows, p->in, p->out, problem->threads};
    *ctx = c;
    return CAKE_DONE;
}

static void compute_row(const context *c, const float *x, float *y)
{
    for (int64_t o = 0; o < c->out; o++) {
        const float *w = c->w + o * c->in;
        float sum[8] = {0};
        int64_t i = 0;

        for (; i + 8 <= c->in; i += 8)
            for (int lane = 0; lane < 8; lane++)
                sum[lane] += x[i + lane] * w[i + lane];
        for (; i < c->in; i++)
            sum[0] += x[i] * w[i];
        y[o] = ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
    }
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const context *c = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

#pragma omp parallel for num_threads(c->threads) schedule(static)
    for (int64_t r = 0; r < c->rows; r++)
        for (int again = r % 100 < TWIN_EXTRA; again >= 0; again--)
            compute_row(c, x + r * c->in, y + r * c->out);
    return CAKE_DONE;
}

static const cake_kernel linear = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "linear",
    .name = "twin",
    .can_run = can_run,
    .open = open_twin,
    .run = run,
    .close = free,
};

static const cake_kernel *const kernels[] = {&linear};

static const cake_plugin plugin = {
    .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
    .abi_major = CAKE_ABI_MAJOR,
    .abi_minor = CAKE_ABI_MINOR,
    .n_kernels = 1,
    .name = TWIN_NAME,
    .version = "1.0",
    .description = "one of several builds of one kernel",
    .license = "Apache-2.0",
    .kernels = kernels,
};

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    (void)host;
    return &plugin;
}
