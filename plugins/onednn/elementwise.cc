// softmax and activation by oneDNN's softmax and element-wise primitives.
#include CAKE_ONEDNN_API

namespace cake
{

// The descriptions are made where it is only asked, too: they say whether oneDNN can.
void softmax(context &c)
{
    const auto x = describe(c.input(0));

    if (c.parameters<cake_softmax>().log)
        throw unsupported("this kernel is for softmax itself");
    const auto pd = describe_softmax(x, 1);
    if (c.opening())
        c.add<dnnl::softmax_forward>(pd, {{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}});
}

void log_softmax(context &c)
{
    const auto x = describe(c.input(0));

    if (!c.parameters<cake_softmax>().log)
        throw unsupported("this kernel is for the logarithm of softmax");
    const auto pd = describe_log_softmax(x, 1);
    if (c.opening())
        c.add<log_softmax_primitive>(pd, {{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}});
}

void activation(context &c)
{
    using dnnl::algorithm;
    static const struct {
        int32_t kind;
        algorithm function;
        float alpha;
    } table[] = {
        {CAKE_ACTIVATION_RELU, algorithm::eltwise_relu, 0},
        {CAKE_ACTIVATION_GELU, algorithm::eltwise_gelu_erf, 0},
        {CAKE_ACTIVATION_GELU_TANH, algorithm::eltwise_gelu_tanh, 0},
        {CAKE_ACTIVATION_SILU, algorithm::eltwise_swish, 1},
        {CAKE_ACTIVATION_SIGMOID, algorithm::eltwise_logistic, 0},
        {CAKE_ACTIVATION_TANH, algorithm::eltwise_tanh, 0},
    };
    const auto x = describe(c.input(0));

    for (const auto &entry : table) {
        if (entry.kind != c.parameters<cake_activation>().kind)
            continue;
        const auto pd = describe_eltwise(entry.function, x, entry.alpha);
        if (c.opening())
            c.add<dnnl::eltwise_forward>(pd,
                                         {{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}});
        return;
    }
    throw unsupported("an activation that oneDNN lacks");
}

} // namespace cake
