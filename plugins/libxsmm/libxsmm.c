/* The plugin `libxsmm`: LIBXSMM's generated matrix products and its convolution, on OpenMP's threads. */
#include <stddef.h>

#include <libxsmm.h>

#include "common/runtimes.h"
#include "libxsmm/kernels.h"

int32_t xsmm_can_run(const cake_problem *problem, const cake_host *host)
{
    const char *why = problem->dtype != CAKE_F32 ? "f32 only" : cake_mixed_runtimes();

    for (uint32_t i = 0; !why && i < problem->n_inputs + problem->n_constants + problem->n_outputs; i++) {
        const cake_tensor *tensor = i < problem->n_inputs ? problem->inputs[i]
                                    : i < problem->n_inputs + problem->n_constants
                                        ? problem->constants[i - problem->n_inputs]
                                        : problem->outputs[i - problem->n_inputs - problem->n_constants];

        if (tensor->size_bytes > INT32_MAX)
            why = "a tensor of 2 GiB or more: LIBXSMM counts in 32 bits";
    }
    if (!why)
        return CAKE_DONE;
    host->explain(host, why);
    return CAKE_UNSUPPORTED;
}

static const cake_kernel *const kernels[] = {&xsmm_linear, &xsmm_conv2d, &xsmm_rnn};

const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static const cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .n_kernels = sizeof kernels / sizeof *kernels,
        .name = "libxsmm",
        .version = LAYERCAKE_VERSION ", LIBXSMM " LIBXSMM_FOUND_VERSION,
        .description = "LIBXSMM's generated products and its convolution",
        .license = "BSD-3-Clause",
        .kernels = kernels,
    };

    (void)host;
    libxsmm_init();
    return &plugin;
}
