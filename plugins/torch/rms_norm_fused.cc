// rms_norm since PyTorch 2.4.
#include <ATen/ops/rms_norm.h>

#include "torch/operation.hpp"

namespace cake
{

at::Tensor normalize(const at::Tensor &x, const at::Tensor &scale, double eps)
{
    return at::rms_norm(x, {x.size(-1)}, scale.defined() ? c10::optional<at::Tensor>(scale) : c10::nullopt, eps);
}

} // namespace cake
