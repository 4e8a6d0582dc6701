// attention since PyTorch 2.1: scaled_dot_product_attention. Key-value heads are repeated for their query heads before
// it, as models do.
#include <ATen/ops/scaled_dot_product_attention.h>

#include "torch/operation.hpp"

namespace cake
{

const char attention_name[] = "sdpa";

static at::Tensor repeated(const at::Tensor &x, int64_t group)
{
    return group == 1 ? x : x.repeat_interleave(group, 1);
}

at::Tensor attend(const cake_attention &p, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                  const at::Tensor &mask)
{
    const int64_t group = p.heads / p.kv_heads;
    const bool causal = p.causal == CAKE_CAUSAL_UPPER_LEFT && !p.mask;
    const auto added = causal || !mask.defined() ? c10::optional<at::Tensor>() : c10::optional<at::Tensor>(mask);

    return at::scaled_dot_product_attention(q, repeated(k, group), repeated(v, group), added, 0, causal, p.scale);
}

} // namespace cake
