// linear, layer_norm, rms_norm, softmax, activation and embedding.
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>

#include "torch/operation.hpp"

namespace cake
{

namespace
{

operation make_linear(const cake_problem &problem, const tensors &constants)
{
    const auto w = constants[0];
    const auto b = optional(parameters<cake_linear>(problem).bias, constants, 1);

    return [=](const tensors &in) { return tensors{at::linear(in[0], w, b)}; };
}

operation make_layer_norm(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_layer_norm>(problem);
    const auto scale = optional(p.affine, constants, 0), shift = optional(p.affine, constants, 1);

    return [=](const tensors &in) { return tensors{at::layer_norm(in[0], {p.hidden}, scale, shift, p.eps)}; };
}

operation make_rms_norm(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_rms_norm>(problem);
    const auto scale = p.affine ? constants[0] : at::Tensor();

    return [=](const tensors &in) { return tensors{normalize(in[0], scale, p.eps)}; };
}

operation make_softmax(const cake_problem &problem, const tensors &constants)
{
    (void)constants;
    if (parameters<cake_softmax>(problem).log)
        return [](const tensors &in) { return tensors{at::log_softmax(in[0], 1)}; };
    return [](const tensors &in) { return tensors{at::softmax(in[0], 1)}; };
}

operation make_activation(const cake_problem &problem, const tensors &constants)
{
    using function = at::Tensor (*)(const at::Tensor &);
    static const struct {
        int32_t kind;
        function of;
    } table[] = {
        {CAKE_ACTIVATION_RELU, [](const at::Tensor &x) { return at::relu(x); }},
        {CAKE_ACTIVATION_GELU, [](const at::Tensor &x) { return at::gelu(x, "none"); }},
        {CAKE_ACTIVATION_GELU_TANH, [](const at::Tensor &x) { return at::gelu(x, "tanh"); }},
        {CAKE_ACTIVATION_SILU, [](const at::Tensor &x) { return at::silu(x); }},
        {CAKE_ACTIVATION_SIGMOID, [](const at::Tensor &x) { return at::sigmoid(x); }},
        {CAKE_ACTIVATION_TANH, [](const at::Tensor &x) { return at::tanh(x); }},
    };

    (void)constants;
    for (const auto &entry : table)
        if (entry.kind == parameters<cake_activation>(problem).kind)
            return [of = entry.of](const tensors &in) { return tensors{of(in[0])}; };
    throw std::invalid_argument("an activation that this plugin does not know");
}

operation make_embedding(const cake_problem &problem, const tensors &constants)
{
    (void)problem;
    return [table = constants[0]](const tensors &in) { return tensors{at::embedding(table, in[0])}; };
}

} // namespace

const maker linear = {refuse_nothing, make_linear};
const maker layer_norm = {refuse_nothing, make_layer_norm};
const maker rms_norm = {refuse_nothing, make_rms_norm};
const maker softmax = {refuse_nothing, make_softmax};
const maker activation = {refuse_nothing, make_activation};
const maker embedding = {refuse_nothing, make_embedding};

} // namespace cake
