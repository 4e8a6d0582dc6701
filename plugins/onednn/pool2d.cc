// pool2d by oneDNN's pooling primitive.
#include CAKE_ONEDNN_API

#include "common/rare.h"

namespace cake
{

void pooling(context &c)
{
    const auto &p = c.parameters<cake_pool2d>();
    const auto algorithm = p.kind == CAKE_POOL_MAX ? dnnl::algorithm::pooling_max
                           : p.count_pad           ? dnnl::algorithm::pooling_avg_include_padding
                                                   : dnnl::algorithm::pooling_avg_exclude_padding;
    const dims strides{p.stride_h, p.stride_w}, window{p.kh, p.kw}, dilations{p.dil_h - 1, p.dil_w - 1};
    const dims left{p.pad_t, p.pad_l};
    const dims right{(p.oh - 1) * p.stride_h + (p.kh - 1) * p.dil_h + 1 - p.ih - p.pad_t,
                     (p.ow - 1) * p.stride_w + (p.kw - 1) * p.dil_w + 1 - p.iw - p.pad_l};
    const auto x = describe(c.input(0)), y = describe(c.output(0));

    if (cake_pool2d_has_indices(&p))
        throw unsupported("oneDNN's indices are of its own kind, for its backward pass");
    if (p.kind == CAKE_POOL_AVG && p.count_pad && (right[0] > p.pad_b || right[1] > p.pad_r))
        throw unsupported("oneDNN counts places beyond the padding, which ceil_mode's last windows reach");
    const auto pd = describe_primitive<pooling_primitive>(context::attributes(), dnnl::prop_kind::forward_inference,
                                                          algorithm, x, y, strides, window, dilations, left, right);
    if (!c.opening())
        return;
    c.add<pooling_primitive>(pd, {{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, y)}});
}

} // namespace cake
