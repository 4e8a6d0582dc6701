// A kernel of this plugin: a function from tensors to tensors, made once in `open`.
#ifndef LAYERCAKE_PLUGINS_TORCH_OPERATION_HPP
#define LAYERCAKE_PLUGINS_TORCH_OPERATION_HPP

#include <functional>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include "layercake/plugin.h"

namespace cake
{

using tensors = std::vector<at::Tensor>;
// Inputs to outputs, in the op's order.
using operation = std::function<tensors(const tensors &)>;

// How an op becomes an operation; `data` of a kernel.
struct maker {
    // nullptr, or why PyTorch cannot.
    const char *(*refuse)(const cake_problem &problem);
    // The constants are valid as long as the operation; it changes none of them.
    operation (*make)(const cake_problem &problem, const tensors &constants);
};

template <typename params>
const params &parameters(const cake_problem &problem)
{
    return *static_cast<const params *>(problem.params);
}

// Of a maker that takes every problem.
const char *refuse_nothing(const cake_problem &problem);

// The memory of a tensor, seen by PyTorch.
at::Tensor wrap(const cake_tensor &tensor);

// A constant that an operator does without if it is not there.
inline c10::optional<at::Tensor> optional(bool there, const tensors &constants, size_t i)
{
    return there ? c10::optional<at::Tensor>(constants[i]) : c10::nullopt;
}

// softmax(scale q kT + mask) v, with q, k, v of four dimensions as in ops.h and mask [q_len][kv_len] or undefined.
at::Tensor attend(const cake_attention &p, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v,
                  const at::Tensor &mask);
// The kind of attend: a kernel's name.
extern const char attention_name[];

// rms_norm of rows; `scale` may be undefined.
at::Tensor normalize(const at::Tensor &x, const at::Tensor &scale, double eps);

extern const maker conv2d, pool2d, batch_norm, group_norm, linear, layer_norm, rms_norm, softmax, activation,
    embedding, attention, rnn;

} // namespace cake
#endif
