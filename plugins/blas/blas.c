/* The plugin `blas-<library>`: layers as the products of a BLAS, which is what one writes who has a BLAS and no
 * library of layers. Threads are the library's own. */
#include "blas/blas.h"

#include <stdio.h>

#include "blas/library.h"

int32_t blas_can_run(const cake_problem *problem, const cake_host *host, int64_t largest)
{
    if (problem->dtype != CAKE_F32) {
        host->explain(host, "only f32");
        return CAKE_UNSUPPORTED;
    }
    if (largest > LIBRARY_MAX_EXTENT) {
        host->explain(host, "an extent is larger than a BLAS integer");
        return CAKE_UNSUPPORTED;
    }
    if (library_set_threads(problem->threads) != 0) {
        host->explain(host, "the library cannot be told how many threads to use");
        return CAKE_UNSUPPORTED;
    }
    return CAKE_DONE;
}

int64_t blas_extent(int64_t a, int64_t b)
{
    int64_t product;

    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

float *blas_floats(const cake_host *host, int64_t n)
{
    return host->alloc(host, (uint64_t)n * sizeof(float), 64);
}

static const cake_kernel *const kernels[] = {
    &blas_linear, &blas_conv2d_im2col, &blas_conv2d_pointwise, &blas_attention, &blas_rnn,
};

CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static char library[64], version[128];
    static const cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .n_kernels = sizeof kernels / sizeof *kernels,
        .name = "blas-" BLAS_NAME,
        .version = version,
        .description = "layers as matrix products of a BLAS: " BLAS_NAME,
        .license = "Apache-2.0",
        .kernels = kernels,
    };

    (void)host;
    library_version(library, sizeof library);
    snprintf(version, sizeof version, "%s, %s", LAYERCAKE_VERSION, library);
    return &plugin;
}
