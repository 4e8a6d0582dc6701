// rms_norm before PyTorch had it: the expression that models are written with.
#include <ATen/ops/rsqrt.h>

#include "torch/operation.hpp"

namespace cake
{

at::Tensor normalize(const at::Tensor &x, const at::Tensor &scale, double eps)
{
    const auto inverse = at::rsqrt(x.pow(2).mean(-1, true) + eps);
    const auto y = x * inverse;

    return scale.defined() ? y.mul_(scale) : y;
}

} // namespace cake
