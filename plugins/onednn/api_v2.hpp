// Primitive descriptors as oneDNN 2.x makes them: from an operation descriptor.
#ifndef LAYERCAKE_PLUGINS_ONEDNN_API_HPP
#define LAYERCAKE_PLUGINS_ONEDNN_API_HPP

#include "onednn/context.hpp"

namespace cake
{

inline dims shape_of(const dnnl::memory::desc &desc)
{
    return desc.dims();
}

using pooling_primitive = dnnl::pooling_v2_forward;
using log_softmax_primitive = dnnl::logsoftmax_forward;

template <typename primitive, typename... arguments>
typename primitive::primitive_desc describe_primitive(const dnnl::primitive_attr &attr, const arguments &...values)
{
    return {typename primitive::desc(values...), attr, engine()};
}

// Norms and softmax: one descriptor for source and destination.
template <typename primitive, typename... arguments>
typename primitive::primitive_desc describe_in_place(dnnl::prop_kind kind, const dnnl::memory::desc &data,
                                                     const arguments &...values)
{
    return {typename primitive::desc(kind, data, values...), context::attributes(), engine()};
}

inline dnnl::softmax_forward::primitive_desc describe_softmax(const dnnl::memory::desc &data, int axis)
{
    return describe_in_place<dnnl::softmax_forward>(dnnl::prop_kind::forward_inference, data, axis);
}

inline log_softmax_primitive::primitive_desc describe_log_softmax(const dnnl::memory::desc &data, int axis)
{
    return describe_in_place<log_softmax_primitive>(dnnl::prop_kind::forward_inference, data, axis);
}

inline dnnl::eltwise_forward::primitive_desc describe_eltwise(dnnl::algorithm function,
                                                              const dnnl::memory::desc &data, float alpha)
{
    return describe_primitive<dnnl::eltwise_forward>(context::attributes(), dnnl::prop_kind::forward_inference,
                                                     function, data, alpha, 0.0F);
}

inline void append_scale(dnnl::post_ops &ops, float factor)
{
    ops.append_eltwise(1.0F, dnnl::algorithm::eltwise_linear, factor, 0.0F);
}

template <typename primitive>
typename primitive::primitive_desc describe_rnn(dnnl::rnn_direction direction, const dnnl::memory::desc *d)
{
    return describe_primitive<primitive>(context::attributes(), dnnl::prop_kind::forward_inference, direction, d[0],
                                         d[1], d[2], d[3], d[4], d[5], d[6]);
}

inline dnnl::vanilla_rnn_forward::primitive_desc
describe_vanilla(dnnl::algorithm activation, dnnl::rnn_direction direction, const dnnl::memory::desc *d)
{
    return describe_primitive<dnnl::vanilla_rnn_forward>(context::attributes(), dnnl::prop_kind::forward_inference,
                                                         activation, direction, d[0], d[1], d[2], d[3], d[4], d[5],
                                                         d[6]);
}

} // namespace cake
#endif
