/* deepseek_block: h = x + mla(rms_norm1(x)),  y = h + moe(rms_norm2(h)), residuals added by the products before. */
#include "common/kernels/layer_mla.inc.h"
#include "common/kernels/layer_moe.inc.h"
#include "layercake/deepseek.h"

static int32_t deepseek_block_open(const cake_problem *problem, const cake_tensor *const *constants,
                                   const cake_host *host, void **ctx)
{
    const cake_deepseek_block *p = problem->params;
    const cake_mla attention = cake_deepseek_block_mla(p);
    const cake_moe experts = cake_deepseek_block_moe(p);
    const cake_tensor *const *scale2 = constants + 1 + cake_deepseek_block_mla_constants(p);
    layer_view x = {.where = LAYER_X, .row = p->model}, y = {.where = LAYER_Y, .row = p->model}, h, z;
    row_norm norm = {.rows = experts.rows, .hidden = p->model, .eps = p->eps, .scale = constants[0]->data};
    layer *l = layer_new(problem, host);

    if (!l)
        return CAKE_NO_MEMORY;
    h = layer_matrix(l, 1, experts.rows, p->model);
    z = layer_matrix(l, 1, experts.rows, p->model);
    layer_add_norm(l, false, x, z, norm);
    layer_add_mla(l, &attention, constants + 1, z, &x, h);
    norm.scale = scale2[0]->data;
    layer_add_norm(l, false, h, z, norm);
    layer_add_experts(l, &experts, scale2 + 1, z, &h, y);
    return layer_ready(l, ctx);
}
