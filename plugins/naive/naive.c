/* The plugin `naive`: every op by the loops of its definition. The baseline of every speed-up. */
#include "naive.h"

#include <stdlib.h>
#include <string.h>

typedef struct context {
    const naive_layer *layer;
    naive_tensors tensors;
    uint32_t n_inputs, n_outputs;
    void *params;
} context;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel;
    if (problem->dtype != CAKE_F32) {
        host->explain(host, "only f32");
        return CAKE_UNSUPPORTED;
    }
    return CAKE_DONE;
}

static void close_layer(void *ctx)
{
    context *c = ctx;

    if (c)
        free(c->params);
    free(c);
}

static int32_t open_layer(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                          const cake_host *host, void **ctx)
{
    uint32_t params_size = *(const uint32_t *)problem->params;
    context *c = calloc(1, sizeof *c);

    if (!c || !(c->params = malloc(params_size)))
        goto no_memory;
    memcpy(c->params, problem->params, params_size);
    c->layer = kernel->data;
    c->n_inputs = problem->n_inputs;
    c->n_outputs = problem->n_outputs;
    for (uint32_t i = 0; i < problem->n_constants; i++)
        c->tensors.constant[i] = constants[i]->data;
    if (c->layer->scratch) {
        uint64_t size = (uint64_t)c->layer->scratch(c->params) * sizeof(float);

        if (!(c->tensors.scratch = host->alloc(host, size, 64)))
            goto no_memory;
    }
    if (c->layer->prepare)
        c->layer->prepare(c->params, &c->tensors);
    *ctx = c;
    return CAKE_DONE;

no_memory:
    close_layer(c);
    return CAKE_NO_MEMORY;
}

static int32_t run_layer(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    context *c = ctx;

    for (uint32_t i = 0; i < c->n_inputs; i++)
        c->tensors.input[i] = inputs[i]->data;
    for (uint32_t i = 0; i < c->n_outputs; i++)
        c->tensors.output[i] = outputs[i]->data;
    c->layer->compute(c->params, &c->tensors);
    return CAKE_DONE;
}

/* What all kernels here have in common. */
#define NAIVE(op_name, kernel_name, layer)                                                                           \
    {                                                                                                                \
        .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = CAKE_STANDARD, .op = (op_name),            \
        .name = (kernel_name), .min_align = sizeof(float), .max_threads = 1, .data = &(layer), .can_run = can_run,   \
        .open = open_layer, .run = run_layer, .close = close_layer                                                   \
    }

static const cake_kernel linear = NAIVE("linear", "loops", naive_linear);
static const cake_kernel conv2d = NAIVE("conv2d", "direct", naive_conv2d);
static const cake_kernel conv3d = NAIVE("conv3d", "direct", naive_conv3d);
static const cake_kernel conv_transpose2d = NAIVE("conv_transpose2d", "direct", naive_conv_transpose2d);
static const cake_kernel pool2d = NAIVE("pool2d", "loops", naive_pool2d);
static const cake_kernel pool3d = NAIVE("pool3d", "loops", naive_pool3d);
static const cake_kernel batch_norm = NAIVE("batch_norm", "two_pass", naive_batch_norm);
static const cake_kernel layer_norm = NAIVE("layer_norm", "two_pass", naive_layer_norm);
static const cake_kernel rms_norm = NAIVE("rms_norm", "two_pass", naive_rms_norm);
static const cake_kernel group_norm = NAIVE("group_norm", "two_pass", naive_group_norm);
static const cake_kernel attention = NAIVE("attention", "by_query", naive_attention);
static const cake_kernel rnn = NAIVE("rnn", "by_step", naive_rnn);
static const cake_kernel softmax = NAIVE("softmax", "three_pass", naive_softmax);
static const cake_kernel activation = NAIVE("activation", "libm", naive_activation);
static const cake_kernel embedding = NAIVE("embedding", "copy", naive_embedding);
static const cake_kernel positional_encoding = NAIVE("positional_encoding", "libm", naive_positional_encoding);
static const cake_kernel rope = NAIVE("rope", "libm", naive_rope);
static const cake_kernel dropout = NAIVE("dropout", "loops", naive_dropout);
static const cake_kernel mha = NAIVE("mha", "textbook", naive_mha);
static const cake_kernel transformer_block = NAIVE("transformer_block", "textbook", naive_transformer_block);
static const cake_kernel moe = NAIVE("moe", "textbook", naive_moe);
static const cake_kernel mla = NAIVE("mla", "expanded", naive_mla);
static const cake_kernel deepseek_block = NAIVE("deepseek_block", "textbook", naive_deepseek_block);
static const cake_kernel tokenize = NAIVE("tokenize", "linear_search", naive_tokenize);

static const cake_kernel *const kernels[] = {
    &linear,
    &conv2d,
    &conv3d,
    &conv_transpose2d,
    &pool2d,
    &pool3d,
    &batch_norm,
    &layer_norm,
    &rms_norm,
    &group_norm,
    &attention,
    &rnn,
    &softmax,
    &activation,
    &embedding,
    &positional_encoding,
    &rope,
    &dropout,
    &mha,
    &transformer_block,
    &moe,
    &mla,
    &deepseek_block,
    &tokenize,
};

static const cake_plugin plugin = {
    .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
    .abi_major = CAKE_ABI_MAJOR,
    .abi_minor = CAKE_ABI_MINOR,
    .n_kernels = sizeof kernels / sizeof *kernels,
    .name = "naive",
    .version = LAYERCAKE_VERSION,
    .description = "the textbook's loops on one thread: the baseline of every speed-up",
    .license = "Apache-2.0",
    .kernels = kernels,
};

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    (void)host;
    return &plugin;
}
