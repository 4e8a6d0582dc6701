// attention: what masks what, whatever way `attend` has of computing it.
#include <limits>

#include <ATen/ops/full.h>

#include "torch/operation.hpp"

namespace cake
{

namespace
{

const char *refuse_attention(const cake_problem &problem)
{
    const auto &p = parameters<cake_attention>(problem);

    if (p.softcap > 0 || p.scores)
        return "no softcap, no scores as an output";
    return p.causal == CAKE_CAUSAL_LOWER_RIGHT && p.q_len > p.kv_len ? "a query that sees no key" : nullptr;
}

// To add to the scores; undefined if nothing is hidden.
at::Tensor causal_mask(const cake_attention &p)
{
    const int64_t ahead = p.causal == CAKE_CAUSAL_LOWER_RIGHT ? p.kv_len - p.q_len : 0;

    if (p.causal == CAKE_CAUSAL_NO)
        return {};
    return at::full({p.q_len, p.kv_len}, -std::numeric_limits<float>::infinity()).triu(ahead + 1);
}

operation make_attention(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_attention>(problem);
    const auto causal = causal_mask(p);

    (void)constants;
    return [=](const tensors &in) {
        at::Tensor mask = causal;

        if (p.mask)
            mask = causal.defined() ? in[3] + causal : in[3];
        return tensors{attend(p, in[0], in[1], in[2], mask)};
    };
}

} // namespace

const maker attention = {refuse_attention, make_attention};

} // namespace cake
