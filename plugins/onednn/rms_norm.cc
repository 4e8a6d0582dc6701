// rms_norm by oneDNN's layer normalisation with a flag that 3.9 brought.
#include CAKE_ONEDNN_API

namespace cake
{

static void make_rms_norm(context &c)
{
    using dnnl::normalization_flags;
    const auto &p = c.parameters<cake_rms_norm>();
    const auto x = describe(c.input(0)), row = plain({p.hidden});
    const auto flags =
        p.affine ? normalization_flags::rms_norm | normalization_flags::use_scale : normalization_flags::rms_norm;
    const auto pd = describe_in_place<dnnl::layer_normalization_forward>(dnnl::prop_kind::forward_inference, x,
                                                                         static_cast<float>(p.eps), flags);
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}};
    if (p.affine)
        arguments.emplace(DNNL_ARG_SCALE, c.packed(c.constant(0), row, row));
    c.add<dnnl::layer_normalization_forward>(pd, arguments);
}

maker *const rms_norm = make_rms_norm;

} // namespace cake
