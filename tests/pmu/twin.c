/* A plugin of two kernels: `alone` computes in one thread, `twin` has a second thread do the same work in memory of
 * its own, so that all counts of work double. */
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>

#include "layercake/plugin.h"

typedef struct context {
    cake_linear params;
    const float *w, *b;
    bool two;
    pthread_t thread;
    sem_t go, done;
    bool stop;
    const float *x;
    float *scratch; /* the second thread's y */
} context;

static void compute(const context *c, const float *x, float *y)
{
    const int64_t in = c->params.in, out = c->params.out;

    for (int64_t r = 0; r < c->params.rows; r++)
        for (int64_t o = 0; o < out; o++) {
            float sum = c->b ? c->b[o] : 0;

            for (int64_t i = 0; i < in; i++)
                sum += x[r * in + i] * c->w[o * in + i];
            y[r * out + o] = sum;
        }
}

static void *second(void *argument)
{
    context *c = argument;

    for (;;) {
        while (sem_wait(&c->go) != 0)
            continue;
        if (c->stop)
            return NULL;
        compute(c, c->x, c->scratch);
        sem_post(&c->done);
    }
}

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel, (void)host;
    return problem->dtype == CAKE_F32 ? CAKE_DONE : CAKE_UNSUPPORTED;
}

static int32_t open_linear(const cake_kernel *kernel, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_linear *p = problem->params;
    context *c = calloc(1, sizeof *c);

    if (!c)
        return CAKE_NO_MEMORY;
    c->params = *p;
    c->w = constants[0]->data;
    c->b = p->bias ? constants[1]->data : NULL;
    c->two = kernel->data != NULL;
    c->scratch = host->alloc(host, (uint64_t)(p->rows * p->out) * sizeof(float), 64);
    sem_init(&c->go, 0, 0);
    sem_init(&c->done, 0, 0);
    if (!c->scratch || (c->two && pthread_create(&c->thread, NULL, second, c) != 0)) {
        free(c);
        return CAKE_FAILED;
    }
    *ctx = c;
    return CAKE_DONE;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    context *c = ctx;

    c->x = inputs[0]->data;
    if (c->two)
        sem_post(&c->go);
    compute(c, c->x, outputs[0]->data);
    while (c->two && sem_wait(&c->done) != 0)
        continue;
    return CAKE_DONE;
}

static void close_linear(void *ctx)
{
    context *c = ctx;

    if (c->two) {
        c->stop = true;
        sem_post(&c->go);
        pthread_join(c->thread, NULL);
    }
    free(c);
}

#define KERNEL(text, second_thread)                                                                                  \
    {                                                                                                                \
        .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = CAKE_STANDARD, .op = "linear",             \
        .name = (text), .max_threads = 1, .data = (second_thread), .can_run = can_run, .open = open_linear,          \
        .run = run, .close = close_linear,                                                                           \
    }

static const cake_kernel alone = KERNEL("alone", NULL), twin = KERNEL("twin", "two");
static const cake_kernel *const kernels[] = {&alone, &twin};

static const cake_plugin plugin = {
    .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
    .abi_major = CAKE_ABI_MAJOR,
    .abi_minor = CAKE_ABI_MINOR,
    .n_kernels = sizeof kernels / sizeof *kernels,
    .name = "twin",
    .version = "1.0",
    .description = "the same work in each of two threads",
    .license = "Apache-2.0",
    .kernels = kernels,
};

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    (void)host;
    return &plugin;
}
