#include "torch/output.hpp"

#include <cstring>

#include <c10/core/CPUAllocator.h>

namespace cake
{

namespace
{

struct place {
    void *data;
    size_t size_bytes;
    bool free;
};

// Of the thread that runs an operation; ATen's other threads get nothing of it.
thread_local std::vector<place> places;
thread_local bool offering = false;

c10::Allocator *usual = nullptr;

// An output's memory is the host's.
void release(void *data)
{
    for (const place &at : places)
        if (at.data == data)
            return;
    usual->raw_deleter()(data);
}

// What was computed there on the way is no longer needed.
void give_back(void *data)
{
    for (place &at : places)
        at.free |= offering && at.data == data;
}

// Versions of PyTorch differ in whether `allocate` is const and whether there is `copy_data`: each overrides what its
// version has.
class output_allocator final : public c10::Allocator
{
  public:
    c10::DataPtr allocate(size_t size_bytes) const
    {
        for (place &at : places)
            if (at.free && at.size_bytes == size_bytes) {
                at.free = false;
                return {at.data, at.data, give_back, c10::Device(c10::DeviceType::CPU)};
            }
        return usual->allocate(size_bytes);
    }
    c10::DataPtr allocate(size_t size_bytes)
    {
        return static_cast<const output_allocator *>(this)->allocate(size_bytes);
    }
    c10::DeleterFnPtr raw_deleter() const
    {
        return release;
    }
    void copy_data(void *to, const void *from, size_t size_bytes) const
    {
        std::memcpy(to, from, size_bytes);
    }
};

bool same_place(const at::Tensor &a, const at::Tensor &b)
{
    if (a.data_ptr() != b.data_ptr() || a.sizes() != b.sizes())
        return false;
    for (int64_t d = 0; d < a.dim(); d++)
        if (a.size(d) > 1 && a.stride(d) != b.stride(d))
            return false;
    return true;
}

bool lies_in(const at::Tensor &tensor, const at::Tensor &other)
{
    const auto *begin = static_cast<const char *>(other.data_ptr()),
               *at = static_cast<const char *>(tensor.data_ptr());

    return at >= begin && at < begin + other.nbytes();
}

} // namespace

void install_output_allocator()
{
    static output_allocator one;

    if (usual)
        return;
    usual = c10::GetCPUAllocator();
    c10::SetCPUAllocator(&one, UINT8_MAX);
}

void offer(const tensors &outputs)
{
    places.clear();
    offering = true;
    for (const at::Tensor &output : outputs)
        places.push_back({output.data_ptr(), output.nbytes(), true});
}

void deliver(tensors &results, const tensors &outputs)
{
    offering = false;
    for (place &at : places)
        at.free = false;
    // Copies must not run over results that still have to be read.
    for (size_t i = 0; i < results.size(); i++)
        for (const at::Tensor &output : outputs)
            if (!same_place(results[i], outputs[i]) && lies_in(results[i], output))
                results[i] = results[i].clone();
    for (size_t i = 0; i < results.size(); i++)
        if (!same_place(results[i], outputs[i]))
            outputs[i].copy_(results[i].view_as(outputs[i]));
}

} // namespace cake
