/* linear: y = x wT + b with 7/8 of the multiplications (strassen.inc.h, which has the floor). */
#include "common/kernels/strassen.inc.h"

static int32_t linear_strassen_open(const cake_problem *problem, const cake_tensor *const *constants,
                                    const cake_host *host, void **ctx)
{
    const cake_linear *op = problem->params;
    strassen *s = host->alloc(host, sizeof *s, 64);

    if (!s)
        return CAKE_NO_MEMORY;
    *s = (strassen){.host = host, .images = 1, .m = op->rows, .k = op->in, .n = op->out};
    s->from = (strassen_rows){op->rows, 1, 0, 0, problem->inputs[0]->stride[0], VEC_LANES};
    s->to_row = problem->outputs[0]->stride[0];
    s->to_step = VEC_LANES;
    return strassen_open(s, constants[0]->data, constants[0]->stride[0], op->bias ? constants[1]->data : NULL,
                         problem->threads, ctx);
}
