// group_norm by oneDNN's primitive, which 3.3 brought.
#include CAKE_ONEDNN_API

namespace cake
{

static void make_group_norm(context &c)
{
    using dnnl::normalization_flags;
    const auto &p = c.parameters<cake_group_norm>();
    const auto x = describe(c.input(0)), row = plain({p.c});
    const auto flags =
        p.affine ? normalization_flags::use_scale | normalization_flags::use_shift : normalization_flags::none;
    const auto pd = describe_in_place<dnnl::group_normalization_forward>(dnnl::prop_kind::forward_inference, x,
                                                                         p.groups, static_cast<float>(p.eps), flags);
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}};
    if (p.affine) {
        arguments.emplace(DNNL_ARG_SCALE, c.packed(c.constant(0), row, row));
        arguments.emplace(DNNL_ARG_SHIFT, c.packed(c.constant(1), row, row));
    }
    c.add<dnnl::group_normalization_forward>(pd, arguments);
}

maker *const group_norm = make_group_norm;

} // namespace cake
