#include "torch/operation.hpp"

#include <ATen/ops/from_blob.h>

namespace cake
{

const char *refuse_nothing(const cake_problem &problem)
{
    (void)problem;
    return nullptr;
}

at::Tensor wrap(const cake_tensor &tensor)
{
    const auto type = tensor.dtype == CAKE_I32 ? at::kInt : at::kFloat;
    const at::IntArrayRef shape(tensor.shape, static_cast<size_t>(tensor.rank)),
        strides(tensor.stride, static_cast<size_t>(tensor.rank));

    return at::from_blob(tensor.data, shape, strides, at::TensorOptions().dtype(type));
}

} // namespace cake
