/* The plugin openmp: the vector kernels for this CPU, shared among all threads. */
#include "common/phased.h"
#include "openmp/choose.h"
#include "openmp/team.h"

enum { MOST_KERNELS = 64 };

const cake_plugin *cake_plugin_v1(const cake_host *host)
{
    static cake_kernel kernels[MOST_KERNELS];
    static const cake_kernel *list[MOST_KERNELS];
    static cake_plugin plugin = {
        .struct_size = CAKE_SIZE_THROUGH(cake_plugin, kernels),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .name = "openmp",
        .version = "0.1.0",
        .description = "Vector kernels for the CPU at hand, on all threads",
        .license = "Apache-2.0",
        .kernels = list,
    };
    const cake_kernel_table *table = cake_openmp_choose(host->isa);

    for (uint32_t i = 0; i < table->count && i < MOST_KERNELS; i++) {
        kernels[i] = *table->kernels[i];
        kernels[i].max_threads = 0;
        kernels[i].can_run = cake_phased_can_run;
        kernels[i].open = cake_team_open;
        kernels[i].run = cake_team_run;
        kernels[i].close = cake_team_close;
        list[i] = &kernels[i];
        plugin.n_kernels = i + 1;
    }
    return &plugin;
}
