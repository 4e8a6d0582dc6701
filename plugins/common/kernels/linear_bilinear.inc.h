/* linear: y = x wT + b with fewer multiplications (bilinear.inc.h, which has the floor). */
#include "common/kernels/bilinear.inc.h"

static int32_t linear_bilinear_open(const bilinear *algorithm, const cake_problem *problem,
                                    const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_linear *op = problem->params;
    bilinear *s = host->alloc(host, sizeof *s, 64);

    if (!s)
        return CAKE_NO_MEMORY;
    *s = *algorithm;
    s->host = host;
    s->images = 1;
    s->m = op->rows;
    s->k = op->in;
    s->n = op->out;
    s->from = (bilinear_rows){op->rows, 1, 0, 0, problem->inputs[0]->stride[0], VEC_LANES};
    s->to_row = problem->outputs[0]->stride[0];
    s->to_step = VEC_LANES;
    return bilinear_open(s, constants[0]->data, constants[0]->stride[0], op->bias ? constants[1]->data : NULL,
                         problem->threads, ctx);
}

static int32_t linear_strassen_open(const cake_problem *problem, const cake_tensor *const *constants,
                                    const cake_host *host, void **ctx)
{
    return linear_bilinear_open(&by_strassen, problem, constants, host, ctx);
}

static int32_t linear_hopcroft_kerr_open(const cake_problem *problem, const cake_tensor *const *constants,
                                         const cake_host *host, void **ctx)
{
    return linear_bilinear_open(&by_hopcroft_kerr, problem, constants, host, ctx);
}
