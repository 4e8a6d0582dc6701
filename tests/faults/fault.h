/* What every fixture shares: an honest `linear` kernel and a plugin's tables. A fixture holds its misdeed and ends
 * with FAULT_PLUGIN(run). */
#ifndef LAYERCAKE_TESTS_FAULT_H
#define LAYERCAKE_TESTS_FAULT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "layercake/plugin.h"

/* Alignment that the kernel asks for, in bytes: the least, so that nothing lies between a tensor and its guard page.
 */
#ifndef FAULT_ALIGN
#define FAULT_ALIGN 4
#endif

/* Calls that the harness makes before it times anything: two trials in two places, and one repeat. */
enum { FAULT_CHECK_CALLS = 5 };

/* One call of y = x wT + b. */
typedef struct fault_call {
    const float *x, *w, *b; /* [rows][in], [out][in], [out] */
    float *y;               /* [rows][out] */
    int64_t rows, in, out;
    uint64_t number; /* of the call in this process: 1, 2, ... */
    const cake_tensor *const *inputs, *const *outputs;
} fault_call;

/* One honest row of y. */
static inline void fault_row(const fault_call *call, int64_t r)
{
    for (int64_t o = 0; o < call->out; o++) {
        float sum = call->b ? call->b[o] : 0;

        for (int64_t i = 0; i < call->in; i++)
            sum += call->x[r * call->in + i] * call->w[o * call->in + i];
        call->y[r * call->out + o] = sum;
    }
}

static inline int32_t fault_honest(const fault_call *call)
{
    for (int64_t r = 0; r < call->rows; r++)
        fault_row(call, r);
    return CAKE_DONE;
}

static inline int64_t fault_outputs(const fault_call *call)
{
    return call->rows * call->out;
}

/* A context holds the constants only. */
static inline int32_t fault_open(const cake_kernel *kernel, const cake_problem *problem,
                                 const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const float **kept = malloc(2 * sizeof *kept);

    (void)kernel;
    (void)host;
    if (!kept)
        return CAKE_NO_MEMORY;
    kept[0] = constants[0]->data;
    kept[1] = problem->n_constants > 1 ? constants[1]->data : NULL;
    *ctx = kept;
    return CAKE_DONE;
}

static inline int32_t fault_can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel;
    (void)host;
    return problem->dtype == CAKE_F32 ? CAKE_DONE : CAKE_UNSUPPORTED;
}

static inline fault_call fault_call_of(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    static uint64_t calls;
    const float *const *constants = ctx;

    return (fault_call){.x = inputs[0]->data,
                        .w = constants[0],
                        .b = constants[1],
                        .y = outputs[0]->data,
                        .rows = inputs[0]->shape[0],
                        .in = inputs[0]->shape[1],
                        .out = outputs[0]->shape[1],
                        .number = ++calls,
                        .inputs = inputs,
                        .outputs = outputs};
}

/* The tables around run, can_run and a major version of the ABI. `run_pointer` stands in the kernel's table. */
#define FAULT_TABLES(misdeed, may_run, run_pointer, major)                                                           \
    static __attribute__((unused)) int32_t fault_run(void *ctx, const cake_tensor *const *inputs,                    \
                                                     const cake_tensor *const *outputs)                              \
    {                                                                                                                \
        fault_call call = fault_call_of(ctx, inputs, outputs);                                                       \
                                                                                                                     \
        return misdeed(&call);                                                                                       \
    }                                                                                                                \
    static const cake_kernel fault_kernel = {.struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),                   \
                                             .accuracy = CAKE_STANDARD,                                              \
                                             .op = "linear",                                                         \
                                             .name = "misdeed",                                                      \
                                             .min_align = FAULT_ALIGN,                                               \
                                             .max_threads = 1,                                                       \
                                             .can_run = may_run,                                                     \
                                             .open = fault_open,                                                     \
                                             .run = run_pointer,                                                     \
                                             .close = free};                                                         \
    static const cake_kernel *const fault_kernels[] = {&fault_kernel};                                               \
    static const cake_plugin fault_plugin = {.struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),                 \
                                             .abi_major = major,                                                     \
                                             .abi_minor = CAKE_ABI_MINOR,                                            \
                                             .n_kernels = 1,                                                         \
                                             .name = FAULT_NAME,                                                     \
                                             .version = "1",                                                         \
                                             .description = "a fixture that does wrong",                             \
                                             .license = "Apache-2.0",                                                \
                                             .kernels = fault_kernels}

#define FAULT_ENTRY                                                                                                  \
    CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)                                             \
    {                                                                                                                \
        (void)host;                                                                                                  \
        return &fault_plugin;                                                                                        \
    }

#define FAULT_PLUGIN(misdeed)                                                                                        \
    FAULT_TABLES(misdeed, fault_can_run, fault_run, CAKE_ABI_MAJOR);                                                 \
    FAULT_ENTRY

#endif
