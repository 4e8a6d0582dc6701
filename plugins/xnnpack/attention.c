/* attention by XNNPACK's scaled dot-product attention, which wants a factor for each channel of a query and always a
 * mask. A group of query heads with its key-value head is a batch of its own: XNNPACK shares one key-value head. */
#include <math.h>
#include <stddef.h>

#include "xnnpack/operator.h"

static const char *refuse(const cake_problem *problem)
{
    const cake_attention *p = problem->params;

    if (p->scores)
        return "no scores as an output";
    if (p->softcap > 0 && p->mask_first)
        return "XNNPACK caps the scores before the mask";
    if (p->mask && p->causal != CAKE_CAUSAL_NO)
        return "XNNPACK adds one mask, not a causal one too";
    return p->causal == CAKE_CAUSAL_LOWER_RIGHT && p->q_len > p->kv_len ? "a query that sees no key" : NULL;
}

/* The mask of a problem that brings none. */
static void fill_mask(const cake_attention *p, float *mask)
{
    int64_t ahead = p->causal == CAKE_CAUSAL_LOWER_RIGHT ? p->kv_len - p->q_len : 0;

    for (int64_t i = 0; i < p->q_len; i++)
        for (int64_t j = 0; j < p->kv_len; j++)
            mask[i * p->kv_len + j] = p->causal != CAKE_CAUSAL_NO && j > i + ahead ? -INFINITY : 0;
}

static enum xnn_status create(operator_context *context, const cake_tensor *const *constants)
{
    const cake_attention *p = &context->params.attention;
    const cake_host *host = context->host;
    const struct xnn_attention_logits_cap_tanh_params cap = {.cap = (float)p->softcap};
    /* XNNPACK reads past the ends. */
    uint64_t mask_bytes = (uint64_t)(p->q_len * p->kv_len) * sizeof(float) + XNN_EXTRA_BYTES;

    (void)constants;
    context->scale = host->alloc(host, (uint64_t)p->head_dim * sizeof(float) + XNN_EXTRA_BYTES, 64);
    context->mask = p->mask ? NULL : host->alloc(host, mask_bytes, 64);
    if (!context->scale || (!p->mask && !context->mask))
        return xnn_status_out_of_memory;
    for (int64_t d = 0; d < p->head_dim; d++)
        context->scale[d] = (float)p->scale;
    if (context->mask)
        fill_mask(p, context->mask);
    return xnn_create_scaled_dot_product_attention_nhtc_f32(p->softcap > 0 ? xnn_attention_logits_cap_type_tanh
                                                                           : xnn_attention_logits_cap_type_none,
                                                            p->softcap > 0 ? &cap : NULL, 0, &context->handle);
}

static enum xnn_status reshape(operator_context *context, operator_workspace *wanted)
{
    const cake_attention *p = &context->params.attention;
    const size_t pairs = (size_t)(p->batch * p->kv_heads), group = (size_t)(p->heads / p->kv_heads);

    return xnn_reshape_scaled_dot_product_attention_nhtc_f32(
        context->handle, pairs, group, (size_t)p->q_len, 1, (size_t)p->kv_len, (size_t)p->head_dim, (size_t)p->v_dim,
        &wanted->size_bytes, &wanted->alignment_bytes, context->pool);
}

static enum xnn_status setup(operator_context *context, const cake_tensor *const *inputs, float *output)
{
    const float *mask = context->mask ? context->mask : inputs[3]->data;

    return xnn_setup_scaled_dot_product_attention_nhtc_f32(context->handle, context->workspace, inputs[0]->data,
                                                           inputs[1]->data, inputs[2]->data, context->scale, mask,
                                                           output);
}

static const operator_maker maker = {sizeof(cake_attention), refuse, create, reshape, setup};
const operator_maker *const cake_xnnpack_attention = &maker;
