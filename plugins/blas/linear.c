/* linear: y = x wT + b is one product; of one row, a matrix by a vector. */
#include <stdlib.h>
#include <string.h>

#include "blas/blas.h"
#include "blas/library.h"

typedef struct linear {
    cake_linear p;
    const float *w, *b;
} linear;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_linear *p = problem->params;

    (void)kernel;
    return blas_can_run(problem, host,
                        p->rows > p->in ? (p->rows > p->out ? p->rows : p->out) : (p->in > p->out ? p->in : p->out));
}

static int32_t open_linear(const cake_kernel *kernel, const cake_problem *problem,
                           const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    linear *l = malloc(sizeof *l);

    (void)kernel;
    (void)host;
    if (!l)
        return CAKE_NO_MEMORY;
    memcpy(&l->p, problem->params, sizeof l->p);
    l->w = constants[0]->data;
    l->b = l->p.bias ? constants[1]->data : NULL;
    library_set_threads(problem->threads);
    *ctx = l;
    return CAKE_DONE;
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const linear *l = ctx;
    const cake_linear *p = &l->p;
    float *y = outputs[0]->data;

    for (int64_t r = 0; l->b && r < p->rows; r++)
        memcpy(y + r * p->out, l->b, (size_t)p->out * sizeof *y);
    library_product(&(blas_product){.m = p->rows,
                                    .n = p->out,
                                    .k = p->in,
                                    .alpha = 1,
                                    .a = inputs[0]->data,
                                    .lda = p->in,
                                    .b = l->w,
                                    .ldb = p->in,
                                    .b_transposed = 1,
                                    .beta = l->b ? 1 : 0,
                                    .c = y,
                                    .ldc = p->out});
    return CAKE_DONE;
}

const cake_kernel blas_linear = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "linear",
    .name = "gemm",
    .min_align = sizeof(float),
    .can_run = can_run,
    .open = open_linear,
    .run = run,
    .close = free,
};
