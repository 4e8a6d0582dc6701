// conv2d by oneDNN's convolution primitive. Activations come and go in the layout of the case; the weights are
// reordered into the layout that the primitive asks for, in open.
#include CAKE_ONEDNN_API

namespace cake
{

static void convolution(context &c, dnnl::algorithm algorithm)
{
    const auto &p = c.parameters<cake_conv2d>();
    const bool grouped = p.groups > 1;
    const dims filter =
        grouped ? dims{p.groups, p.oc / p.groups, p.ic / p.groups, p.kh, p.kw} : dims{p.oc, p.ic, p.kh, p.kw};
    const dims strides{p.stride_h, p.stride_w}, dilations{p.dil_h - 1, p.dil_w - 1};
    // What the last window leaves over may be padding that no window reaches: oneDNN wants it exact.
    const dims left{p.pad_t, p.pad_l};
    const dims right{(p.oh - 1) * p.stride_h + (p.kh - 1) * p.dil_h + 1 - p.ih - p.pad_t,
                     (p.ow - 1) * p.stride_w + (p.kw - 1) * p.dil_w + 1 - p.iw - p.pad_l};
    const auto x = describe(c.input(0)), y = describe(c.output(0));
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto pd =
        p.bias ? describe_primitive<dnnl::convolution_forward>(context::attributes(), kind, algorithm, x, any(filter),
                                                               any({p.oc}), y, strides, dilations, left, right)
               : describe_primitive<dnnl::convolution_forward>(context::attributes(), kind, algorithm, x, any(filter),
                                                               y, strides, dilations, left, right);
    // Blocked layouts of three channels, say, for which its users would take another one.
    if (std::string(pd.impl_info_str()).rfind("ref", 0) == 0)
        throw unsupported("oneDNN has only its reference implementation for this convolution in this layout");
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)},
                   {DNNL_ARG_DST, c.bind_output(0, y)},
                   {DNNL_ARG_WEIGHTS, c.packed(c.constant(0), plain(filter), pd.weights_desc())}};
    if (p.bias)
        arguments.emplace(DNNL_ARG_BIAS, c.packed(c.constant(1), plain({p.oc}), pd.bias_desc()));
    c.add<dnnl::convolution_forward>(pd, arguments);
}

void convolution_direct(context &c)
{
    convolution(c, dnnl::algorithm::convolution_direct);
}

void convolution_winograd(context &c)
{
    convolution(c, dnnl::algorithm::convolution_winograd);
}

bool has_winograd()
{
    const dims image{1, 64, 56, 56}, one{1, 1}, zero{0, 0};

    try {
        describe_primitive<dnnl::convolution_forward>(context::attributes(), dnnl::prop_kind::forward_inference,
                                                      dnnl::algorithm::convolution_winograd, any(image),
                                                      any({64, 64, 3, 3}), any(image), one, zero, one, one);
        return true;
    } catch (const dnnl::error &) {
        return false;
    }
}

} // namespace cake
