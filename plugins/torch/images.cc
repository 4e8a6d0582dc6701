// conv2d, pool2d, batch_norm and group_norm, contiguous or channels-last as the case's layout.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/zeros.h>

#include "common/rare.h"
#include "torch/operation.hpp"

namespace cake
{

namespace
{

operation make_conv2d(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_conv2d>(problem);
    const auto format = problem.layout == CAKE_NHWC ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    const auto w = constants[0].contiguous(format);
    const auto b = optional(p.bias, constants, 1);

    if (p.pad_t == p.pad_b && p.pad_l == p.pad_r)
        return [=](const tensors &in) {
            return tensors{at::conv2d(in[0], w, b, {p.stride_h, p.stride_w}, at::IntArrayRef{p.pad_t, p.pad_l},
                                      {p.dil_h, p.dil_w}, p.groups)};
        };
    // Padding that differs from side to side goes before the operator, as in torch.nn.Conv2d(padding="same").
    return [=](const tensors &in) {
        const auto padded = at::constant_pad_nd(in[0], {p.pad_l, p.pad_r, p.pad_t, p.pad_b});

        return tensors{
            at::conv2d(padded, w, b, {p.stride_h, p.stride_w}, at::IntArrayRef{0, 0}, {p.dil_h, p.dil_w}, p.groups)};
    };
}

const char *refuse_pool2d(const cake_problem &problem)
{
    const auto &p = parameters<cake_pool2d>(problem);

    if (cake_pool2d_has_indices(&p))
        return "this kernel gives no indices of the maxima";
    if (p.pad_t != p.pad_b || p.pad_l != p.pad_r)
        return "PyTorch pools with the same padding on both sides";
    if (p.pad_t > p.kh / 2 || p.pad_l > p.kw / 2)
        return "PyTorch pools with a padding of at most half the window";
    if (p.kind == CAKE_POOL_AVG && (p.dil_h != 1 || p.dil_w != 1))
        return "PyTorch's mean has no dilation";
    return nullptr;
}

operation make_pool2d(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_pool2d>(problem);

    (void)constants;
    if (p.kind == CAKE_POOL_MAX)
        return [=](const tensors &in) {
            return tensors{at::max_pool2d(in[0], {p.kh, p.kw}, {p.stride_h, p.stride_w}, {p.pad_t, p.pad_l},
                                          {p.dil_h, p.dil_w}, p.ceil_mode != 0)};
        };
    // torch.nn.AdaptiveAvgPool2d(1), which networks end with, is this mean.
    if (p.oh == 1 && p.ow == 1 && p.kh == p.ih && p.kw == p.iw && p.pad_t == 0 && p.pad_l == 0)
        return [](const tensors &in) { return tensors{in[0].mean({-1, -2}, true)}; };
    return [=](const tensors &in) {
        return tensors{at::avg_pool2d(in[0], {p.kh, p.kw}, {p.stride_h, p.stride_w}, {p.pad_t, p.pad_l},
                                      p.ceil_mode != 0, p.count_pad != 0)};
    };
}

const char *refuse_batch_norm(const cake_problem &problem)
{
    const auto &p = parameters<cake_batch_norm>(problem);

    return p.training && p.n * p.h * p.w == 1 ? "PyTorch wants more than one value a channel in training" : nullptr;
}

operation make_batch_norm(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_batch_norm>(problem);
    const auto scale = constants[0], shift = constants[1];

    if (!p.training)
        return [=, mean = constants[2], var = constants[3]](const tensors &in) {
            return tensors{at::batch_norm(in[0], scale, shift, mean, var, false, 0, p.eps, false)};
        };
    // PyTorch's running variance takes in that of a sample, ours that of the batch: with a momentum of 1 it gives the
    // batch's statistics, which are added up here.
    const auto mean = at::zeros({p.c}), var = at::zeros({p.c});
    const double values = static_cast<double>(p.n * p.h * p.w), correction = (values - 1) / values;
    return [=](const tensors &in) {
        const auto y = at::batch_norm(in[0], scale, shift, mean, var, true, 1, p.eps, false);

        return tensors{y, in[1] * p.momentum + mean * (1 - p.momentum),
                       in[2] * p.momentum + var * ((1 - p.momentum) * correction)};
    };
}

operation make_group_norm(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_group_norm>(problem);
    const auto scale = optional(p.affine, constants, 0), shift = optional(p.affine, constants, 1);

    return [=](const tensors &in) { return tensors{at::group_norm(in[0], p.groups, scale, shift, p.eps)}; };
}

} // namespace

const maker conv2d = {refuse_nothing, make_conv2d};
const maker pool2d = {refuse_pool2d, make_pool2d};
const maker batch_norm = {refuse_batch_norm, make_batch_norm};
const maker group_norm = {refuse_nothing, make_group_norm};

} // namespace cake
