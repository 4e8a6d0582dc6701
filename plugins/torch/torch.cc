// The plugin `torch`: ATen's operators in inference mode. No exception leaves a function that Layercake calls.
#include <memory>
#include <string>

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include "common/runtimes.h"
#include "torch/operation.hpp"
#include "torch/output.hpp"

namespace
{

using cake::tensors;

// What an open kernel holds. Tensors are wrapped again only when they have moved.
struct context {
    cake::operation operation;
    tensors inputs, outputs;
};

int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const char *why = problem->dtype != CAKE_F32 && problem->dtype != CAKE_I32 ? "f32 only" : cake_mixed_runtimes();

    if (!why)
        why = static_cast<const cake::maker *>(kernel->data)->refuse(*problem);
    if (!why)
        return CAKE_DONE;
    host->explain(host, why);
    return CAKE_UNSUPPORTED;
}

void wrap_moved(tensors &wrapped, const cake_tensor *const *given, size_t count)
{
    wrapped.resize(count);
    for (size_t i = 0; i < count; i++)
        if (!wrapped[i].defined() || wrapped[i].data_ptr() != given[i]->data)
            wrapped[i] = cake::wrap(*given[i]);
}

int32_t open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
             const cake_host *host, void **ctx)
{
    const c10::InferenceMode inference;

    try {
        auto made = std::make_unique<context>();
        tensors wrapped;

        at::set_num_threads(problem->threads);
        cake::install_output_allocator();
        wrap_moved(wrapped, constants, problem->n_constants);
        made->operation = static_cast<const cake::maker *>(kernel->data)->make(*problem, wrapped);
        made->inputs.resize(problem->n_inputs);
        made->outputs.resize(problem->n_outputs);
        *ctx = made.release();
        return CAKE_DONE;
    } catch (const std::bad_alloc &) {
        return CAKE_NO_MEMORY;
    } catch (const std::exception &why) {
        host->explain(host, why.what());
        return CAKE_FAILED;
    }
}

int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const c10::InferenceMode inference;

    try {
        auto &c = *static_cast<context *>(ctx);

        wrap_moved(c.inputs, inputs, c.inputs.size());
        wrap_moved(c.outputs, outputs, c.outputs.size());
        cake::offer(c.outputs);
        tensors results = c.operation(c.inputs);
        cake::deliver(results, c.outputs);
        return CAKE_DONE;
    } catch (...) {
        return CAKE_FAILED;
    }
}

void close(void *ctx)
{
    delete static_cast<context *>(ctx);
}

constexpr int32_t channels_first[] = {CAKE_NCHW}, channels_last[] = {CAKE_NHWC};

constexpr cake_kernel kernel(const char *op, const char *name, const cake::maker &maker,
                             const int32_t *layouts = nullptr)
{
    return {CAKE_SIZE_THROUGH(cake_kernel, close),
            CAKE_STANDARD,
            op,
            name,
            layouts,
            layouts ? 1U : 0U,
            0,
            0,
            0,
            1,
            &maker,
            can_run,
            open,
            run,
            close};
}

const cake_kernel kernels[] = {
    kernel("conv2d", "nchw", cake::conv2d, channels_first),
    kernel("conv2d", "nhwc", cake::conv2d, channels_last),
    kernel("pool2d", "nchw", cake::pool2d, channels_first),
    kernel("pool2d", "nhwc", cake::pool2d, channels_last),
    kernel("batch_norm", "nchw", cake::batch_norm, channels_first),
    kernel("batch_norm", "nhwc", cake::batch_norm, channels_last),
    kernel("group_norm", "nchw", cake::group_norm, channels_first),
    kernel("group_norm", "nhwc", cake::group_norm, channels_last),
    kernel("linear", "addmm", cake::linear),
    kernel("layer_norm", "aten", cake::layer_norm),
    kernel("rms_norm", "aten", cake::rms_norm),
    kernel("softmax", "aten", cake::softmax),
    kernel("activation", "aten", cake::activation),
    kernel("embedding", "aten", cake::embedding),
    kernel("attention", cake::attention_name, cake::attention),
    kernel("rnn", "aten", cake::rnn),
};

} // namespace

extern "C" const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    enum { COUNT = sizeof kernels / sizeof *kernels };
    static const cake_kernel *list[COUNT];
    static const cake_plugin plugin = {CAKE_SIZE_THROUGH(cake_plugin, kernels),
                                       CAKE_ABI_MAJOR,
                                       CAKE_ABI_MINOR,
                                       COUNT,
                                       "torch",
                                       LAYERCAKE_VERSION ", PyTorch " TORCH_FOUND_VERSION,
                                       "PyTorch's operators (ATen) in inference mode",
                                       "BSD-3-Clause",
                                       0,
                                       list};

    for (size_t i = 0; i < COUNT; i++)
        list[i] = &kernels[i];
    (void)host;
    return &plugin;
}
