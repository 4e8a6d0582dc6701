/* The plugin `xnnpack`: XNNPACK's operators on its own thread pool, images as NHWC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xnnpack/api.h"

static int32_t status_of(enum xnn_status status, const cake_host *host)
{
    switch (status) {
    case xnn_status_success:
        return CAKE_DONE;
    case xnn_status_out_of_memory:
        return CAKE_NO_MEMORY;
    case xnn_status_unsupported_parameter:
    case xnn_status_unsupported_hardware:
    case xnn_status_invalid_parameter:
        host->explain(host, "XNNPACK does not support these parameters");
        return CAKE_UNSUPPORTED;
    default:
        host->explain(host, "XNNPACK failed");
        return CAKE_FAILED;
    }
}

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const operator_maker *maker = kernel->data;
    const char *why = problem->dtype != CAKE_F32 ? "f32 only" : maker->refuse(problem);

    if (!why)
        return CAKE_DONE;
    host->explain(host, why);
    return CAKE_UNSUPPORTED;
}

static void close_context(void *ctx)
{
    operator_context *context = ctx;

    if (context->handle)
        xnn_delete_operator(context->handle);
    if (context->pool)
        pthreadpool_destroy(context->pool);
    context->host->free(context->host, context->workspace);
    context->host->free(context->host, context->scale);
    context->host->free(context->host, context->mask);
    free(context);
}

/* The operator with all that it needs but its tensors. */
static int32_t make(operator_context *context, int32_t threads, const cake_tensor *const *constants)
{
    const operator_maker *maker = context->maker;
    const cake_host *host = context->host;
    operator_workspace wanted = {0, 64};
    int32_t status = status_of(xnn_initialize(NULL), host);

    if (status == CAKE_DONE && threads > 1) {
        context->pool = pthreadpool_create((size_t)threads);
        status = context->pool ? CAKE_DONE : CAKE_NO_MEMORY;
    }
    if (status == CAKE_DONE)
        status = status_of(maker->create(context, constants), host);
    if (status == CAKE_DONE)
        status = status_of(maker->reshape(context, &wanted), host);
    if (status == CAKE_DONE && wanted.size_bytes > 0) {
        context->workspace = host->alloc(host, wanted.size_bytes, wanted.alignment_bytes);
        status = context->workspace ? CAKE_DONE : CAKE_NO_MEMORY;
    }
    return status;
}

static int32_t open_context(const cake_kernel *kernel, const cake_problem *problem,
                            const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const operator_maker *maker = kernel->data;
    operator_context *context = calloc(1, sizeof *context);
    int32_t status;

    if (!context)
        return CAKE_NO_MEMORY;
    context->maker = maker;
    context->host = host;
    context->n_inputs = problem->n_inputs;
    memcpy(&context->params, problem->params, maker->params_size);
    status = make(context, problem->threads, constants);
    if (status != CAKE_DONE) {
        close_context(context);
        return status;
    }
    *ctx = context;
    return CAKE_DONE;
}

static int has_moved(const operator_context *context, const cake_tensor *const *inputs, const void *output)
{
    for (uint32_t i = 0; i < context->n_inputs; i++)
        if (context->input[i] != inputs[i]->data)
            return 1;
    return context->output != output;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    operator_context *context = ctx;

    if (has_moved(context, inputs, outputs[0]->data)) {
        if (context->maker->setup(context, inputs, outputs[0]->data) != xnn_status_success)
            return CAKE_FAILED;
        for (uint32_t i = 0; i < context->n_inputs; i++)
            context->input[i] = inputs[i]->data;
        context->output = outputs[0]->data;
    }
    return xnn_run_operator(context->handle, context->pool) == xnn_status_success ? CAKE_DONE : CAKE_FAILED;
}

static const int32_t channels_last[] = {CAKE_NHWC};

#define COMMON                                                                                                       \
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = CAKE_STANDARD, .overread = XNN_EXTRA_BYTES,    \
    .can_run = can_run, .open = open_context, .run = run, .close = close_context

static const cake_kernel conv2d = {
    COMMON, .op = "conv2d", .name = "nhwc", .layouts = channels_last, .n_layouts = 1, .data = &cake_xnnpack_conv2d};
static const cake_kernel linear = {COMMON, .op = "linear", .name = "fully_connected", .data = &cake_xnnpack_linear};
static const cake_kernel max_pool = {
    COMMON, .op = "pool2d", .name = "max", .layouts = channels_last, .n_layouts = 1, .data = &cake_xnnpack_max_pool};
static const cake_kernel mean_pool = {COMMON,         .op = "pool2d",
                                      .name = "mean", .layouts = channels_last,
                                      .n_layouts = 1, .data = &cake_xnnpack_mean_pool};

static const cake_kernel softmax = {COMMON, .op = "softmax", .name = "rows", .data = &cake_xnnpack_softmax};
static const cake_kernel activation = {COMMON, .op = "activation", .name = "elements",
                                       .data = &cake_xnnpack_activation};

/* Those that only some versions have get their data when the plugin is loaded. */
static cake_kernel global_mean_pool = {COMMON, .op = "pool2d", .name = "global_mean", .layouts = channels_last,
                                       .n_layouts = 1};
static cake_kernel attention = {COMMON, .op = "attention", .name = "sdpa"};

static const cake_kernel *const candidates[] = {&conv2d,  &linear,     &max_pool,         &mean_pool,
                                                &softmax, &activation, &global_mean_pool, &attention};

enum { CANDIDATES = sizeof candidates / sizeof *candidates };

const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static char version[64];
    static const cake_kernel *kernels[CANDIDATES];
    static cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .name = "xnnpack",
        .version = version,
        .description = "XNNPACK's operators on its own thread pool",
        .license = "Apache-2.0",
        .kernels = kernels,
    };

    (void)host;
    snprintf(version, sizeof version, "%s, %s", LAYERCAKE_VERSION, cake_xnn_api);
    global_mean_pool.data = cake_xnnpack_global_mean_pool;
    attention.data = cake_xnnpack_attention;
    plugin.n_kernels = 0;
    for (int i = 0; i < CANDIDATES; i++)
        if (candidates[i]->data)
            kernels[plugin.n_kernels++] = candidates[i];
    return &plugin;
}
