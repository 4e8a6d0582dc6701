/* The plugin `spoiled`: every kernel of naive with one wrong index. The check must say mismatch of each.
 *
 *     shifted_read   reads x[.., i + 1] for x[.., i]
 *     wrong_read     reads x's last element from the place before it
 *     wrong_weight   reads the first constant's last element from the place before it
 *     wrong_write    writes the result of the place before the output's last element there too */
#include <stdlib.h>
#include <string.h>

#include "naive/naive.h"

/* naive's entry, by the name that this build gives it. */
const cake_plugin *naive_plugin(const cake_host *host);

enum { SHIFTED_READ, WRONG_READ, WRONG_WEIGHT, WRONG_WRITE, N_MISTAKES, MAX_KERNELS = 256 };

static const char *const names[N_MISTAKES] = {"shifted_read", "wrong_read", "wrong_weight", "wrong_write"};

typedef struct spoiled {
    const naive_layer *layer;
    int mistake;
} spoiled;

typedef struct context {
    const spoiled *kernel;
    void *params;
    naive_tensors tensors;
    uint32_t n_inputs, n_outputs;
    int64_t elements, row; /* of x: in all, in its last dimension */
    float *copy;           /* of x */
} context;

static int64_t elements_of(const cake_tensor *tensor)
{
    return (int64_t)(tensor->size_bytes / sizeof(float));
}

static float *copy_floats(const cake_host *host, const float *from, int64_t n)
{
    float *to = host->alloc(host, (uint64_t)n * sizeof *to, 64);

    if (to && from)
        memcpy(to, from, (size_t)n * sizeof *to);
    return to;
}

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const spoiled *s = kernel->data;

    if (s->mistake == WRONG_WEIGHT && problem->n_constants == 0) {
        host->explain(host, "no constants");
        return CAKE_UNSUPPORTED;
    }
    return CAKE_DONE;
}

static int32_t open_spoiled(const cake_kernel *kernel, const cake_problem *problem,
                            const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    uint32_t params_size = *(const uint32_t *)problem->params;
    const cake_tensor *x = problem->inputs[0];
    context *c = host->alloc(host, sizeof *c, 64);

    if (!c || !(c->params = host->alloc(host, params_size, 64)))
        return CAKE_NO_MEMORY;
    memcpy(c->params, problem->params, params_size);
    c->kernel = kernel->data;
    c->n_inputs = problem->n_inputs;
    c->n_outputs = problem->n_outputs;
    c->elements = elements_of(x);
    c->row = x->shape[x->rank - 1];
    if (!(c->copy = copy_floats(host, NULL, c->elements)))
        return CAKE_NO_MEMORY;
    for (uint32_t i = 0; i < problem->n_constants; i++)
        c->tensors.constant[i] = constants[i]->data;
    if (c->kernel->mistake == WRONG_WEIGHT) {
        int64_t n = elements_of(constants[0]);
        float *w = copy_floats(host, constants[0]->data, n);

        if (!w)
            return CAKE_NO_MEMORY;
        w[n - 1] = w[n - 2];
        c->tensors.constant[0] = w;
    }
    if (c->kernel->layer->scratch)
        c->tensors.scratch = copy_floats(host, NULL, c->kernel->layer->scratch(c->params));
    *ctx = c;
    return CAKE_DONE;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    context *c = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

    for (uint32_t i = 0; i < c->n_inputs; i++)
        c->tensors.input[i] = inputs[i]->data;
    for (uint32_t i = 0; i < c->n_outputs; i++)
        c->tensors.output[i] = outputs[i]->data;
    for (int64_t i = 0; i < c->elements; i++)
        c->copy[i] = x[c->kernel->mistake == SHIFTED_READ && (i + 1) % c->row != 0 ? i + 1 : i];
    if (c->kernel->mistake == WRONG_READ)
        c->copy[c->elements - 1] = x[c->elements - 2];
    c->tensors.input[0] = c->copy;
    c->kernel->layer->compute(c->params, &c->tensors);
    if (c->kernel->mistake == WRONG_WRITE)
        y[elements_of(outputs[0]) - 1] = y[elements_of(outputs[0]) - 2];
    return CAKE_DONE;
}

static void close_spoiled(void *ctx)
{
    (void)ctx; /* everything is the host's */
}

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static spoiled made_of[MAX_KERNELS];
    static cake_kernel table[MAX_KERNELS];
    static const cake_kernel *kernels[MAX_KERNELS];
    static cake_plugin plugin;
    const cake_plugin *naive = naive_plugin(host);
    uint32_t count = 0;

    for (uint32_t i = 0; i < naive->n_kernels; i++)
        for (int m = 0; m < N_MISTAKES && count < MAX_KERNELS; m++, count++) {
            made_of[count] = (spoiled){naive->kernels[i]->data, m};
            table[count] = *naive->kernels[i];
            table[count].name = names[m];
            table[count].data = &made_of[count];
            table[count].can_run = can_run;
            table[count].open = open_spoiled;
            table[count].run = run;
            table[count].close = close_spoiled;
            kernels[count] = &table[count];
        }
    plugin = *naive;
    plugin.name = "spoiled";
    plugin.description = "naive's kernels with one wrong index each, for tests";
    plugin.n_kernels = count;
    plugin.kernels = kernels;
    return &plugin;
}
