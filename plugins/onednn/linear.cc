// linear by oneDNN's inner product and by its matmul; weights in the layout that each asks for.
#include CAKE_ONEDNN_API

namespace cake
{

void linear_inner_product(context &c)
{
    const auto &p = c.parameters<cake_linear>();
    const auto x = describe(c.input(0)), y = describe(c.output(0));
    const dims weights{p.out, p.in};
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto pd =
        p.bias ? describe_primitive<dnnl::inner_product_forward>(context::attributes(), kind, x, any(weights),
                                                                 any({p.out}), y)
               : describe_primitive<dnnl::inner_product_forward>(context::attributes(), kind, x, any(weights), y);
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)},
                   {DNNL_ARG_DST, c.bind_output(0, y)},
                   {DNNL_ARG_WEIGHTS, c.packed(c.constant(0), plain(weights), pd.weights_desc())}};
    if (p.bias)
        arguments.emplace(DNNL_ARG_BIAS, c.packed(c.constant(1), plain({p.out}), pd.bias_desc()));
    c.add<dnnl::inner_product_forward>(pd, arguments);
}

void linear_matmul(context &c)
{
    const auto &p = c.parameters<cake_linear>();
    const auto x = describe(c.input(0)), y = describe(c.output(0));
    const dims weights{p.in, p.out};
    const auto bias = plain({1, p.out});
    const auto pd = p.bias ? describe_primitive<dnnl::matmul>(context::attributes(), x, any(weights), bias, y)
                           : describe_primitive<dnnl::matmul>(context::attributes(), x, any(weights), y);
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)},
                   {DNNL_ARG_DST, c.bind_output(0, y)},
                   {DNNL_ARG_WEIGHTS, c.packed(c.constant(0), plain(weights, {1, p.in}), pd.weights_desc())}};
    if (p.bias)
        arguments.emplace(DNNL_ARG_BIAS, c.packed(c.constant(1), bias, bias));
    c.add<dnnl::matmul>(pd, arguments);
}

} // namespace cake
