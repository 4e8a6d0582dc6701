// attention before PyTorch had it as an operator: bmm, softmax, bmm as torch.nn.functional composes them. The query
// heads of one key-value head are rows of one product.
#include <ATen/ops/baddbmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/softmax.h>

#include "torch/operation.hpp"

namespace cake
{

const char attention_name[] = "composed";

// [pairs][rows][kv_len]
static at::Tensor scores(const cake_attention &p, const at::Tensor &q, const at::Tensor &k, const at::Tensor &mask)
{
    const int64_t group = p.heads / p.kv_heads, pairs = p.batch * p.kv_heads;
    const auto rows = q.view({pairs, group * p.q_len, p.head_dim}) * p.scale;
    const auto keys = k.view({pairs, p.kv_len, p.head_dim}).transpose(1, 2);

    if (mask.defined())
        return at::baddbmm(group > 1 ? mask.repeat({group, 1}) : mask, rows, keys);
    return at::bmm(rows, keys);
}

at::Tensor attend(const cake_attention &p, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                  const at::Tensor &mask)
{
    const auto weights = at::softmax(scores(p, q, k, mask), -1);

    return at::bmm(weights, v.view({p.batch * p.kv_heads, p.kv_len, p.v_dim}))
        .view({p.batch, p.heads, p.q_len, p.v_dim});
}

} // namespace cake
