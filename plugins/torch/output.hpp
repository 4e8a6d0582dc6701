// Results where the host wants them. Most of ATen's operators make the tensor that they return: a caller's memory
// would have to be copied to, which a user of PyTorch never does. So while an operation runs, whoever asks the
// allocator for as many bytes as an output has gets that output's memory. Anything may be computed there on the way;
// what does not end up at its place is copied.
#ifndef LAYERCAKE_PLUGINS_TORCH_OUTPUT_HPP
#define LAYERCAKE_PLUGINS_TORCH_OUTPUT_HPP

#include "torch/operation.hpp"

namespace cake
{

// Once a process, before the first operation.
void install_output_allocator();

// Offer the outputs' memory to what this thread allocates from now on; deliver ends that.
void offer(const tensors &outputs);
// Bring each result to its output.
void deliver(tensors &results, const tensors &outputs);

} // namespace cake
#endif
