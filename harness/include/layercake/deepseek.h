/* The parts of a DeepSeek block as ops of their own: what an implementation of mla and moe needs to compute
 * deepseek_block. */
#ifndef LAYERCAKE_DEEPSEEK_H
#define LAYERCAKE_DEEPSEEK_H

#include "layercake/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of all of its rows; without `past`. */
static inline cake_mla cake_deepseek_block_mla(const cake_deepseek_block *p)
{
    cake_mla part;

    part.struct_size = sizeof part;
    part.reserved = 0;
    part.batch = p->batch;
    part.len = p->len;
    part.past = 0;
    part.model = p->model;
    part.heads = p->heads;
    part.q_lora = p->q_lora;
    part.kv_lora = p->kv_lora;
    part.nope_dim = p->nope_dim;
    part.rope_dim = p->rope_dim;
    part.v_dim = p->v_dim;
    part.eps = p->eps;
    part.base = p->base;
    return part;
}

static inline cake_moe cake_deepseek_block_moe(const cake_deepseek_block *p)
{
    cake_moe part;

    part.struct_size = sizeof part;
    part.scoring = p->scoring;
    part.normalize = p->normalize;
    part.reserved = 0;
    part.rows = p->batch * p->len;
    part.model = p->model;
    part.ffn = p->ffn;
    part.experts = p->experts;
    part.top_k = p->top_k;
    part.shared = p->shared;
    part.route_scale = p->route_scale;
    return part;
}

/* How many constants mla has; scale2 stands behind scale1 and them. */
static inline int cake_deepseek_block_mla_constants(const cake_deepseek_block *p)
{
    return p->q_lora > 0 ? 7 : 5;
}

#ifdef __cplusplus
}
#endif
#endif
