/* deepseek_block: h = x + mla(rms_norm1(x)),  y = h + moe(rms_norm2(h)) */
#include "layercake/deepseek.h"
#include "parts.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_deepseek_block *p = params;
    const cake_mla mla = cake_deepseek_block_mla(p);
    const cake_moe moe = cake_deepseek_block_moe(p);
    const float *const *of_mla = t->constant + 1, *const *scale2 = of_mla + cake_deepseek_block_mla_constants(p);
    int64_t size = p->len * p->model;
    float *z = t->scratch, *part = z + size, *memory = part + size;

    for (int64_t b = 0; b < p->batch; b++) {
        const float *x = t->input[0] + b * size;
        float *h = t->output[0] + b * size;

        for (int64_t i = 0; i < p->len; i++)
            naive_norm(x + i * p->model, p->model, t->constant[0], NULL, p->eps, z + i * p->model);
        naive_latent_attention(&mla, z, NULL, of_mla, memory, part);
        for (int64_t i = 0; i < size; i++)
            h[i] = x[i] + part[i];
        for (int64_t i = 0; i < p->len; i++) {
            naive_norm(h + i * p->model, p->model, *scale2, NULL, p->eps, z);
            naive_mix_experts(&moe, z, scale2 + 1, memory, part);
            for (int64_t m = 0; m < p->model; m++)
                h[i * p->model + m] += part[m];
        }
    }
}

/* Two arrays like x, and the larger of what attention and the experts need. */
static int64_t scratch(const void *params)
{
    const cake_deepseek_block *p = params;
    const cake_mla mla = cake_deepseek_block_mla(p);
    const cake_moe moe = cake_deepseek_block_moe(p);
    int64_t attention = naive_latent_scratch(&mla), experts = naive_experts_scratch(&moe);

    return 2 * p->len * p->model + (attention > experts ? attention : experts);
}

const naive_layer naive_deepseek_block = {.compute = compute, .scratch = scratch};
