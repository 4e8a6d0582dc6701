// The plugin `onednn`: oneDNN's primitives as its makers' benchmark uses them. No exception leaves a function that
// Layercake calls.
#include <string>
#include <vector>

#include "common/runtimes.h"
#include "onednn/context.hpp"

namespace
{

using cake::context;

void explain(const cake_host *host, const char *text)
{
    host->explain(host, text);
}

// Run `work`; what it throws becomes a status with its reason.
template <typename function>
int32_t guarded(const cake_host *host, const function &work)
{
    try {
        work();
        return CAKE_DONE;
    } catch (const cake::unsupported &why) {
        explain(host, why.what());
        return CAKE_UNSUPPORTED;
    } catch (const dnnl::error &why) {
        explain(host, ("oneDNN: " + std::string(why.message)).c_str());
        return why.status == dnnl_unimplemented || why.status == dnnl_invalid_arguments ? CAKE_UNSUPPORTED
                                                                                        : CAKE_FAILED;
    } catch (const std::bad_alloc &) {
        return CAKE_NO_MEMORY;
    } catch (const std::exception &why) {
        explain(host, why.what());
        return CAKE_FAILED;
    }
}

cake::maker *maker_of(const cake_kernel *kernel)
{
    return *static_cast<cake::maker *const *>(kernel->data);
}

int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const char *why = problem->dtype != CAKE_F32 ? "f32 only" : cake_mixed_runtimes();

    if (why) {
        explain(host, why);
        return CAKE_UNSUPPORTED;
    }
    return guarded(host, [&]() {
        context asked(*problem, nullptr, host);
        maker_of(kernel)(asked);
    });
}

int32_t open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
             const cake_host *host, void **ctx)
{
    static const cake_tensor *const none[1] = {nullptr};

    return guarded(host, [&]() {
        auto made = std::make_unique<context>(*problem, problem->n_constants ? constants : none, host);
        maker_of(kernel)(*made);
        *ctx = made.release();
    });
}

int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    try {
        static_cast<context *>(ctx)->run(inputs, outputs);
        return CAKE_DONE;
    } catch (...) {
        return CAKE_FAILED;
    }
}

void close(void *ctx)
{
    delete static_cast<context *>(ctx);
}

// `data` of a kernel points to its maker.
cake::maker *const direct = cake::convolution_direct, *const winograd = cake::convolution_winograd,
                   *const inner_product = cake::linear_inner_product, *const matmul = cake::linear_matmul,
                   *const pool = cake::pooling, *const batch = cake::batch_norm, *const layer = cake::layer_norm,
                   *const rnn = cake::recurrent, *const sdpa = cake::attention, *const softmax = cake::softmax,
                   *const log_softmax = cake::log_softmax, *const eltwise = cake::activation;

constexpr int32_t blocked[] = {CAKE_NCHW16C, CAKE_NCHW8C}, channels_last[] = {CAKE_NHWC},
                  channels_first[] = {CAKE_NCHW};

constexpr cake_kernel kernel(const char *op, const char *name, cake::maker *const *maker, const int32_t *layouts,
                             uint32_t n_layouts, int32_t accuracy = CAKE_STANDARD, double reduction = 1)
{
    return {CAKE_SIZE_THROUGH(cake_kernel, close),
            accuracy,
            op,
            name,
            layouts,
            n_layouts,
            0,
            0,
            0,
            reduction,
            maker,
            can_run,
            open,
            run,
            close};
}

const cake_kernel kernels[] = {
    kernel("conv2d", "direct-blocked", &direct, blocked, 2),
    kernel("conv2d", "direct-nhwc", &direct, channels_last, 1),
    kernel("conv2d", "direct-nchw", &direct, channels_first, 1),
    kernel("conv2d", "winograd", &winograd, blocked, 2, CAKE_FAST, 4),
    kernel("linear", "inner_product", &inner_product, nullptr, 0),
    kernel("linear", "matmul", &matmul, nullptr, 0),
    kernel("pool2d", "blocked", &pool, blocked, 2),
    kernel("pool2d", "nhwc", &pool, channels_last, 1),
    kernel("batch_norm", "blocked", &batch, blocked, 2),
    kernel("batch_norm", "nhwc", &batch, channels_last, 1),
    kernel("layer_norm", "rows", &layer, nullptr, 0),
    kernel("group_norm", "nchw", &cake::group_norm, channels_first, 1),
    kernel("group_norm", "nhwc", &cake::group_norm, channels_last, 1),
    kernel("rms_norm", "rows", &cake::rms_norm, nullptr, 0),
    kernel("rnn", "primitive", &rnn, nullptr, 0),
    kernel("attention", "matmul", &sdpa, nullptr, 0),
    kernel("attention", "graph", &cake::attention_graph, nullptr, 0),
    kernel("softmax", "softmax", &softmax, nullptr, 0),
    kernel("softmax", "log", &log_softmax, nullptr, 0),
    kernel("activation", "eltwise", &eltwise, nullptr, 0),
};

// Those that this version has.
std::vector<const cake_kernel *> list_kernels()
{
    std::vector<const cake_kernel *> list;

    for (const cake_kernel &kernel : kernels)
        if (maker_of(&kernel) && (maker_of(&kernel) != winograd || cake::has_winograd()))
            list.push_back(&kernel);
    return list;
}

} // namespace

extern "C" const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static const dnnl_version_t *const version = dnnl_version();
    static const std::string text = "0.1.0, oneDNN " + std::to_string(version->major) + "." +
                                    std::to_string(version->minor) + "." + std::to_string(version->patch);
    static const auto list = list_kernels();
    static const cake_plugin plugin = {CAKE_SIZE_THROUGH(cake_plugin, kernels),
                                       CAKE_ABI_MAJOR,
                                       CAKE_ABI_MINOR,
                                       static_cast<uint32_t>(list.size()),
                                       "onednn",
                                       text.c_str(),
                                       "oneDNN's primitives, weights in its own layouts",
                                       "Apache-2.0",
                                       0,
                                       list.data()};
    (void)host;
    return &plugin;
}
