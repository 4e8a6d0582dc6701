// rnn by ATen's recurrent layers. Gates are put into PyTorch's order (lstm: i f g o, gru: r z n) in open; the reverse
// direction alone is the forward one on flipped steps, as users write it.
#include <ATen/ops/gru.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/lstm.h>
#include <ATen/ops/rnn_relu.h>
#include <ATen/ops/rnn_tanh.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "common/rare.h"
#include "torch/operation.hpp"

namespace cake
{

namespace
{

const char *refuse_rnn(const cake_problem &problem)
{
    const auto &p = parameters<cake_rnn>(problem);

    if (p.peepholes || p.sequence_lens || p.clip != 0 || cake_rnn_has_other_functions(&p))
        return "no peepholes, sequence_lens, clip, input_forget or other functions";
    if (p.cell == CAKE_RNN_GRU && !p.linear_before_reset)
        return "PyTorch's GRU resets after the product (linear_before_reset=1)";
    return nullptr;
}

// PyTorch's gate i is ONNX's gate order[i].
std::vector<int64_t> gate_order(const cake_rnn &p)
{
    if (p.cell == CAKE_RNN_LSTM)
        return {0, 2, 3, 1};
    if (p.cell == CAKE_RNN_GRU)
        return {1, 0, 2};
    return {0};
}

// [G hidden] or [G hidden][n], its gates in PyTorch's order.
at::Tensor ordered(const at::Tensor &gates, const at::Tensor &order)
{
    const int64_t hidden = gates.size(0) / order.size(0);
    auto shape = gates.sizes().vec();

    shape[0] = hidden;
    shape.insert(shape.begin(), order.size(0));
    return at::index_select(gates.reshape(shape), 0, order).reshape(gates.sizes()).contiguous();
}

// Of each direction: w, r and, if there are, the two biases.
tensors weights(const cake_rnn &p, const tensors &constants)
{
    const auto order = at::tensor(gate_order(p));
    const int64_t directions = constants[0].size(0), rows = constants[0].size(1);
    tensors list;

    for (int64_t d = 0; d < directions; d++) {
        list.push_back(ordered(constants[0][d], order));
        list.push_back(ordered(constants[1][d], order));
        if (p.bias) {
            list.push_back(ordered(constants[2][d].slice(0, 0, rows), order));
            list.push_back(ordered(constants[2][d].slice(0, rows, 2 * rows), order));
        }
    }
    return list;
}

struct layer {
    cake_rnn p;
    tensors weights;
    at::Tensor zeros; // the initial state if none is given
};

// The layer's output and its last states, in PyTorch's shapes.
tensors call(const layer &l, const at::Tensor &x, const at::Tensor &h, const at::Tensor &c)
{
    const bool bias = l.p.bias != 0, both = l.p.direction == CAKE_RNN_BIDIRECTIONAL, first = l.p.batchwise != 0;

    if (l.p.cell == CAKE_RNN_LSTM) {
        auto [y, h_last, c_last] = at::lstm(x, {h, c}, l.weights, bias, 1, 0, false, both, first);
        return {y, h_last, c_last};
    }
    auto [y, h_last] = l.p.cell == CAKE_RNN_GRU    ? at::gru(x, h, l.weights, bias, 1, 0, false, both, first)
                       : l.p.cell == CAKE_RNN_TANH ? at::rnn_tanh(x, h, l.weights, bias, 1, 0, false, both, first)
                                                   : at::rnn_relu(x, h, l.weights, bias, 1, 0, false, both, first);
    return {y, h_last};
}

tensors run_layer(const layer &l, const tensors &in)
{
    const bool reverse = l.p.direction == CAKE_RNN_REVERSE;
    const int64_t directions = l.p.direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1, time = l.p.batchwise ? 1 : 0;
    at::Tensor h = l.zeros, c = l.zeros;

    if (l.p.initial_state) {
        h = l.p.batchwise ? in[1].transpose(0, 1) : in[1];
        if (l.p.cell == CAKE_RNN_LSTM)
            c = l.p.batchwise ? in[2].transpose(0, 1) : in[2];
    }
    tensors out = call(l, reverse ? in[0].flip({time}) : in[0], h, c);
    if (reverse)
        out[0] = out[0].flip({time});
    if (l.p.batchwise) {
        out[0] = out[0].view({l.p.batch, l.p.steps, directions, l.p.hidden});
        for (size_t i = 1; i < out.size(); i++)
            out[i] = out[i].transpose(0, 1);
    } else {
        out[0] = out[0].view({l.p.steps, l.p.batch, directions, l.p.hidden}).transpose(1, 2);
    }
    return out;
}

operation make_rnn(const cake_problem &problem, const tensors &constants)
{
    const auto p = parameters<cake_rnn>(problem);
    const layer l = {p, weights(p, constants), at::zeros({constants[0].size(0), p.batch, p.hidden})};

    return [=](const tensors &in) { return run_layer(l, in); };
}

} // namespace

const maker rnn = {refuse_rnn, make_rnn};

} // namespace cake
