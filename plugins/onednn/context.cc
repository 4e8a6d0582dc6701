#include "onednn/context.hpp"

#include <cstring>

namespace cake
{

dnnl::engine &engine()
{
    static dnnl::engine one(dnnl::engine::kind::cpu, 0);
    return one;
}

dnnl::memory::desc plain(const dims &shape, const dims &strides)
{
    return {shape, dnnl::memory::data_type::f32, strides};
}

dnnl::memory::desc plain(const dims &shape)
{
    dims strides(shape.size(), 1);
    for (size_t d = shape.size() - 1; d > 0; d--)
        strides[d - 1] = strides[d] * shape[d];
    return plain(shape, strides);
}

dnnl::memory::desc any(const dims &shape)
{
    return {shape, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

dnnl::memory::desc describe(const cake_tensor &tensor)
{
    using tag = dnnl::memory::format_tag;
    const dims shape(tensor.shape, tensor.shape + tensor.rank);

    if (tensor.layout == CAKE_NCHW8C)
        return {shape, dnnl::memory::data_type::f32, tag::nChw8c};
    if (tensor.layout == CAKE_NCHW16C)
        return {shape, dnnl::memory::data_type::f32, tag::nChw16c};
    return plain(shape, dims(tensor.stride, tensor.stride + tensor.rank));
}

context::context(const cake_problem &problem, const cake_tensor *const *constants, const cake_host *host)
    : problem_(problem), constants_(constants), host_(host), stream_(engine())
{
}

context::~context()
{
    for (void *memory : owned_)
        host_->free(host_, memory);
}

dnnl::memory context::workspace(const dnnl::memory::desc &desc)
{
    if (desc.get_size() == 0)
        return dnnl::memory(desc, engine(), nullptr);
    void *memory = host_->alloc(host_, desc.get_size(), 64);
    if (!memory)
        throw std::bad_alloc();
    owned_.push_back(memory);
    return dnnl::memory(desc, engine(), memory);
}

dnnl::memory context::packed(const float *values, const dnnl::memory::desc &from, const dnnl::memory::desc &to)
{
    dnnl::memory source(from, engine(), const_cast<float *>(values)), target = workspace(to);

    dnnl::reorder(source, target).execute(stream_, source, target);
    stream_.wait();
    return target;
}

dnnl::memory context::bind(bool output, uint32_t i, const dnnl::memory::desc &desc, int64_t offset)
{
    bindings_.push_back({output, i, offset, dnnl::memory(desc, engine(), nullptr)});
    return bindings_.back().memory;
}

dnnl::memory context::bind_input(uint32_t i, const dnnl::memory::desc &desc, int64_t offset)
{
    return bind(false, i, desc, offset);
}

dnnl::memory context::bind_output(uint32_t i, const dnnl::memory::desc &desc, int64_t offset)
{
    return bind(true, i, desc, offset);
}

dnnl::primitive_attr context::attributes()
{
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attr;
}

void context::add(std::function<void(dnnl::stream &)> step)
{
    steps_.push_back(std::move(step));
}

void context::run(const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    for (binding &b : bindings_)
        b.memory.set_data_handle(static_cast<float *>((b.output ? outputs : inputs)[b.index]->data) + b.offset);
    for (const auto &step : steps_)
        step(stream_);
    stream_.wait();
}

} // namespace cake
