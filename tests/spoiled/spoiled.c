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
    size_t element_bytes;  /* likewise */
    char *copy;            /* of x */
} context;

static size_t element_bytes(const cake_tensor *tensor)
{
    return tensor->dtype == CAKE_U8 ? 1 : 4;
}

/* The last element becomes equal to the one before it. */
static void spoil_last(const cake_tensor *tensor, void *data)
{
    size_t size = element_bytes(tensor);
    char *last = (char *)data + tensor->size_bytes - size;

    memcpy(last, last - size, size);
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
    c->element_bytes = element_bytes(x);
    c->elements = (int64_t)(x->size_bytes / c->element_bytes);
    c->row = x->shape[x->rank - 1];
    if (!(c->copy = host->alloc(host, x->size_bytes, 64)))
        return CAKE_NO_MEMORY;
    for (uint32_t i = 0; i < problem->n_constants; i++)
        c->tensors.constant[i] = constants[i]->data;
    if (c->kernel->mistake == WRONG_WEIGHT) {
        void *w = host->alloc(host, constants[0]->size_bytes, 64);

        if (!w)
            return CAKE_NO_MEMORY;
        memcpy(w, constants[0]->data, constants[0]->size_bytes);
        spoil_last(constants[0], w);
        c->tensors.constant[0] = w;
    }
    if (c->kernel->layer->scratch) {
        uint64_t floats = (uint64_t)c->kernel->layer->scratch(c->params);

        if (!(c->tensors.scratch = host->alloc(host, floats * sizeof(float), 64)))
            return CAKE_NO_MEMORY;
    }
    *ctx = c;
    return CAKE_DONE;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    context *c = ctx;
    const char *x = inputs[0]->data;

    for (uint32_t i = 0; i < c->n_inputs; i++)
        c->tensors.input[i] = inputs[i]->data;
    for (uint32_t i = 0; i < c->n_outputs; i++)
        c->tensors.output[i] = outputs[i]->data;
    for (int64_t i = 0; i < c->elements; i++) {
        int64_t from = c->kernel->mistake == SHIFTED_READ && (i + 1) % c->row != 0 ? i + 1 : i;

        memcpy(c->copy + (size_t)i * c->element_bytes, x + (size_t)from * c->element_bytes, c->element_bytes);
    }
    if (c->kernel->mistake == WRONG_READ)
        spoil_last(inputs[0], c->copy);
    c->tensors.input[0] = (const float *)(const void *)c->copy;
    c->kernel->layer->compute(c->params, &c->tensors);
    if (c->kernel->mistake == WRONG_WRITE)
        spoil_last(outputs[0], outputs[0]->data);
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
