// attention as oneDNN's users compose it: matmul with the scale as a post-operation, the masks added in place, softmax in
// place, matmul; primitives cached. (A mask as a post-operation of matmul leaves only the reference implementation in
// 2.6, a thousand times slower.) A group's query heads are rows of one product where no mask tells the rows apart.
#include CAKE_ONEDNN_API

#include <limits>

namespace cake
{

std::vector<float> causal_mask(const cake_attention &p, int64_t rows)
{
    const int64_t ahead = p.causal == CAKE_CAUSAL_LOWER_RIGHT ? p.kv_len - p.q_len : 0;
    std::vector<float> mask(static_cast<size_t>(rows * p.kv_len), 0.0F);

    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = i % p.q_len + ahead + 1; j < p.kv_len; j++)
            mask[static_cast<size_t>(i * p.kv_len + j)] = -std::numeric_limits<float>::infinity();
    return mask;
}

void attention(context &c)
{
    const auto &p = c.parameters<cake_attention>();
    const int64_t group = p.heads / p.kv_heads, pairs = p.batch * p.kv_heads;
    const bool causal = p.causal != CAKE_CAUSAL_NO;

    if (p.softcap > 0 || p.scores)
        throw unsupported("no softcap, no scores as an output");
    if (p.mask && group > 1)
        throw unsupported("oneDNN's matmul adds a mask only where every query head has a key-value head of its own");
    const int64_t rows = group * p.q_len;
    const auto q = plain({pairs, rows, p.head_dim});
    const auto k = plain({pairs, p.head_dim, p.kv_len}, {p.kv_len * p.head_dim, 1, p.head_dim});
    const auto v = plain({pairs, p.kv_len, p.v_dim}), y = plain({pairs, rows, p.v_dim});
    const auto scores = plain({pairs, rows, p.kv_len}), mask = plain({1, rows, p.kv_len});
    auto attr = context::attributes();
    dnnl::post_ops ops;
    append_scale(ops, static_cast<float>(p.scale));
    attr.set_post_ops(ops);
    const auto first = describe_primitive<dnnl::matmul>(attr, q, k, scores);
    const auto add =
        describe_primitive<dnnl::binary>(context::attributes(), dnnl::algorithm::binary_add, scores, mask, scores);
    const auto softmax = describe_softmax(scores, 2);
    const auto second = describe_primitive<dnnl::matmul>(context::attributes(), scores, v, y);

    if (!c.opening())
        return;
    const auto s = c.workspace(scores);
    c.add<dnnl::matmul>(
        first, {{DNNL_ARG_SRC, c.bind_input(0, q)}, {DNNL_ARG_WEIGHTS, c.bind_input(1, k)}, {DNNL_ARG_DST, s}});
    if (p.mask)
        c.add<dnnl::binary>(add, {{DNNL_ARG_SRC_0, s}, {DNNL_ARG_SRC_1, c.bind_input(3, mask)}, {DNNL_ARG_DST, s}});
    if (causal)
        c.add<dnnl::binary>(add, {{DNNL_ARG_SRC_0, s},
                                  {DNNL_ARG_SRC_1, c.packed(causal_mask(p, rows).data(), mask, mask)},
                                  {DNNL_ARG_DST, s}});
    c.add<dnnl::softmax_forward>(softmax, {{DNNL_ARG_SRC, s}, {DNNL_ARG_DST, s}});
    c.add<dnnl::matmul>(
        second, {{DNNL_ARG_SRC, s}, {DNNL_ARG_WEIGHTS, c.bind_input(2, v)}, {DNNL_ARG_DST, c.bind_output(0, y)}});
}

} // namespace cake
