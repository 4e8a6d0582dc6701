/* linear: batch-reduce GEMM over packed weights. */
#include <stdlib.h>

#include "libxsmm/kernels.h"
#include "libxsmm/product.h"

typedef struct linear {
    xsmm_product product;
    int threads;
} linear;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    (void)kernel;
    return xsmm_can_run(problem, host);
}

static int32_t open_linear(const cake_kernel *kernel, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_linear *p = problem->params;
    linear *l = calloc(1, sizeof *l);
    int32_t status;

    (void)kernel;
    if (!l)
        return CAKE_NO_MEMORY;
    l->threads = problem->threads;
    l->product = (xsmm_product){
        .rows = p->rows, .in = p->in, .out = p->out, .ldy = p->out, .bias = p->bias ? constants[1]->data : NULL};
    status = xsmm_product_open(&l->product, constants[0]->data, host);
    if (status == CAKE_DONE)
        *ctx = l;
    else
        free(l);
    return status;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const linear *l = ctx;

#pragma omp parallel for num_threads(l->threads) if (l->threads > 1)
    for (int thread = 0; thread < l->threads; thread++)
        xsmm_product_run(&l->product, inputs[0]->data, outputs[0]->data, thread, l->threads);
    return CAKE_DONE;
}

const cake_kernel xsmm_linear = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "linear",
    .name = "brgemm",
    .can_run = can_run,
    .open = open_linear,
    .run = run,
    .close = free,
};
