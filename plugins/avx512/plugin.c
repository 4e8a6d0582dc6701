/* The table of the avx512 plugin. Built for the baseline CPU; only the kernels need the instructions. */
#include "common/kernels/kernels.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The members that all kernels here have in common, and those that differ. */
#define KERNEL(op_, name_, accuracy_, reduction_, phased_)                                                           \
    {                                                                                                                \
        .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = (accuracy_), .op = (op_), .name = (name_), \
        .layouts = layouts, .n_layouts = COUNT(layouts), .min_align = 64, .max_threads = 1,                          \
        .reduction = (reduction_), .data = (phased_), .can_run = cake_phased_can_run, .open = cake_phased_open,      \
        .run = cake_phased_run, .close = cake_phased_close                                                           \
    }

/* Of images; other ops have none. */
static const int32_t layouts[] = {CAKE_NCHW16C};

static const cake_kernel table[] = {
    KERNEL("linear", "packed", CAKE_STANDARD, 1, &cake_linear_packed_avx512),
};

static const cake_kernel *const kernels[] = {
    &table[0],
};

_Static_assert(COUNT(kernels) == COUNT(table), "every kernel is listed");

static const cake_plugin plugin = {
    .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
    .abi_major = CAKE_ABI_MAJOR,
    .abi_minor = CAKE_ABI_MINOR,
    .n_kernels = COUNT(kernels),
    .name = "avx512",
    .version = "0.1.0",
    .description = "Vector kernels for AVX-512, one thread",
    .license = "Apache-2.0",
    .isa = CAKE_ISA_AVX512,
    .kernels = kernels,
};

const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    (void)host;
    return &plugin;
}
