/* template: a plugin to copy. One kernel: `linear`, y = x wT + b.
 *
 * To make your own: copy this folder, change the names, put your computation into `run`, and build. In tree,
 * name the folder in plugins/CMakeLists.txt; out of tree, see CMakeLists.txt beside this file.
 * The whole contract is layercake/plugin.h; what each op computes, and its tensors, is in layercake/ops.h. */
#include <stdlib.h>
#include <string.h>

#include "layercake/plugin.h"

/* 1. What a kernel keeps between calls. */
typedef struct context {
    cake_linear params;
    float *w_t;     /* the weights, transposed: [in][out] */
    const float *b; /* [out], or NULL */
} context;

/* 2. Can it compute this problem? Say no with a reason, and the row says `unsupported`: never a failure. */
static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel;
    if (problem->dtype != CAKE_F32) {
        host->explain(host, "only f32");
        return CAKE_UNSUPPORTED;
    }
    return CAKE_DONE;
}

/* 3. Prepare: whatever depends on the sizes and the weights only. It is not timed, so pack here. */
static int32_t open_linear(const cake_kernel *kernel, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_linear *p = problem->params; /* valid until we return, so copied */
    const float *w = constants[0]->data;    /* stays valid until close */
    context *c = malloc(sizeof *c);

    (void)kernel;
    if (!c)
        return CAKE_NO_MEMORY;
    memcpy(&c->params, p, sizeof c->params);
    c->b = p->bias ? constants[1]->data : NULL;
    /* Large memory comes from the host, which counts it (workspace_bytes) and frees it after close. */
    c->w_t = host->alloc(host, (uint64_t)(p->in * p->out) * sizeof(float), 64);
    if (!c->w_t) {
        free(c);
        return CAKE_NO_MEMORY;
    }
    for (int64_t o = 0; o < p->out; o++)
        for (int64_t i = 0; i < p->in; i++)
            c->w_t[i * p->out + o] = w[o * p->in + i];
    *ctx = c;
    return CAKE_DONE;
}

/* 4. Compute: the only timed call. Inputs change from call to call, and so may the addresses.
 * With w transposed the inner loop runs along y and w, and the compiler can vectorise it. */
static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const context *c = ctx;
    const int64_t rows = c->params.rows, in = c->params.in, out = c->params.out;

    for (int64_t r = 0; r < rows; r++) {
        const float *x = (const float *)inputs[0]->data + r * in;
        float *restrict y = (float *)outputs[0]->data + r * out;

        for (int64_t o = 0; o < out; o++)
            y[o] = c->b ? c->b[o] : 0;
        for (int64_t i = 0; i < in; i++) {
            const float *restrict w = c->w_t + i * out;

            for (int64_t o = 0; o < out; o++)
                y[o] += x[i] * w[o];
        }
    }
    return CAKE_DONE;
}

/* 5. Release what `open` took, but for the host's memory. */
static void close_linear(void *ctx)
{
    free(ctx);
}

/* 6. The tables. All of it is constant data. */
static const cake_kernel linear = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,  /* plain rounding errors, in any order of summation */
    .op = "linear",             /* as in ops.h */
    .name = "transposed",       /* yours */
    .min_align = sizeof(float), /* what it needs of the tensors' addresses; 0: 64 */
    .max_threads = 1,           /* it starts none; 0: as many as problem->threads says */
    .can_run = can_run,
    .open = open_linear,
    .run = run,
    .close = close_linear,
    /* An op with images would name the layouts it takes, preferred first: .layouts, .n_layouts. */
};

static const cake_kernel *const kernels[] = {&linear}; /* one line a kernel */

static const cake_plugin plugin = {
    .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
    .abi_major = CAKE_ABI_MAJOR,
    .abi_minor = CAKE_ABI_MINOR,
    .n_kernels = sizeof kernels / sizeof *kernels,
    .name = "template",
    .version = "1.0",
    .description = "a plugin to copy",
    .license = "Apache-2.0",
    .isa = 0, /* or CAKE_ISA_AVX2, ...: then no kernel is called on a CPU without it */
    .kernels = kernels,
};

/* 7. The one exported function. */
CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    (void)host; /* refuse with host->explain and NULL, for instance if a library is not there */
    return &plugin;
}
