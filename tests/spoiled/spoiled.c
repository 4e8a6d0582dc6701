/* The plugin `spoiled`: naive's kernels, each with one wrong index. The check must say mismatch of every one.
 *
 *     shifted_read   reads x[.., i + 1] for x[.., i]
 *     wrong_read     reads x's last element from the place before it
 *     wrong_weight   reads the first constant's last element from the place before it
 *     wrong_write    writes the result of the place before the output's last element there too */
#include <stdlib.h>
#include <string.h>

#include "naive/naive.h"

typedef enum mistake { SHIFTED_READ, WRONG_READ, WRONG_WEIGHT, WRONG_WRITE } mistake;

typedef struct spoiled {
    const naive_layer *layer;
    mistake mistake;
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
    const cake_tensor *spoiled_tensor = s->mistake == WRONG_WEIGHT  ? problem->constants[0]
                                        : s->mistake == WRONG_WRITE ? problem->outputs[0]
                                                                    : problem->inputs[0];

    if (elements_of(spoiled_tensor) < 2) {
        host->explain(host, "one element has no neighbour");
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

#define KERNEL(op_name, layer_name, kernel_name, what)                                                               \
    {                                                                                                                \
        .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = CAKE_STANDARD, .op = (op_name),            \
        .name = (kernel_name), .min_align = sizeof(float), .max_threads = 1,                                         \
        .data = &(const spoiled){&(layer_name), (what)}, .can_run = can_run, .open = open_spoiled, .run = run,       \
        .close = close_spoiled                                                                                       \
    }

#define READS_AND_WRITES(op_name, layer_name)                                                                        \
    KERNEL(op_name, layer_name, "shifted_read", SHIFTED_READ),                                                       \
        KERNEL(op_name, layer_name, "wrong_read", WRONG_READ),                                                       \
        KERNEL(op_name, layer_name, "wrong_write", WRONG_WRITE)

#define ALL(op_name, layer_name)                                                                                     \
    READS_AND_WRITES(op_name, layer_name), KERNEL(op_name, layer_name, "wrong_weight", WRONG_WEIGHT)

static const cake_kernel table[] = {
    ALL("linear", naive_linear),
    ALL("conv2d", naive_conv2d),
    READS_AND_WRITES("pool2d", naive_pool2d),
    ALL("batch_norm", naive_batch_norm),
    ALL("layer_norm", naive_layer_norm),
    ALL("rms_norm", naive_rms_norm),
    ALL("group_norm", naive_group_norm),
    READS_AND_WRITES("attention", naive_attention),
    ALL("rnn", naive_rnn),
    READS_AND_WRITES("softmax", naive_softmax),
    READS_AND_WRITES("activation", naive_activation),
    ALL("embedding", naive_embedding),
    READS_AND_WRITES("positional_encoding", naive_positional_encoding),
    READS_AND_WRITES("rope", naive_rope),
    READS_AND_WRITES("dropout", naive_dropout),
};

enum { N_KERNELS = sizeof table / sizeof *table };

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static const cake_kernel *kernels[N_KERNELS];
    static const cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .n_kernels = N_KERNELS,
        .name = "spoiled",
        .version = "1.0",
        .description = "naive's kernels with one wrong index each, for tests",
        .license = "Apache-2.0",
        .kernels = kernels,
    };

    (void)host;
    for (int i = 0; i < N_KERNELS; i++)
        kernels[i] = &table[i];
    return &plugin;
}
