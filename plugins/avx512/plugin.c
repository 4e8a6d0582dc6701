/* The plugin avx512: the vector kernels for it, one thread. */
#include "common/kernels/tables.h"

const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .name = "avx512",
        .version = "0.1.0",
        .description = "Vector kernels for AVX-512, one thread",
        .license = "Apache-2.0",
        .isa = CAKE_ISA_AVX512,
    };

    (void)host;
    plugin.kernels = cake_kernels_avx512.kernels;
    plugin.n_kernels = cake_kernels_avx512.count;
    return &plugin;
}
