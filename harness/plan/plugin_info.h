/* What a plugin says of itself, as its worker process reports it: the harness knows plugins by this only. */
#ifndef LAYERCAKE_PLAN_PLUGIN_INFO_H
#define LAYERCAKE_PLAN_PLUGIN_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "layercake/plugin.h"

enum { CAKE_MAX_LAYOUTS = 8 };

/* As in plugin.h's cake_kernel. */
typedef struct cake_kernel_info {
    char *op;
    char *name;
    int32_t accuracy; /* CAKE_EXACT, CAKE_STANDARD, CAKE_FAST */
    int32_t layouts[CAKE_MAX_LAYOUTS];
    int n_layouts;
    uint32_t min_align, overread; /* bytes */
    uint32_t max_threads;         /* 0 = any number */
    double reduction;
} cake_kernel_info;

typedef struct cake_plugin_info {
    char *path;
    char *name; /* of the plugin; of the file, without folder and ".so", where it could not be asked */
    char *version, *description, *license;
    uint64_t isa;
    uint32_t abi_major, abi_minor;
    cake_kernel_info *kernels;
    size_t n_kernels;
    char *problem;      /* why it can't be used, or NULL */
    int problem_status; /* the verdict that this is; 0 without a problem */
} cake_plugin_info;

/* Free what it holds; a zeroed one holds nothing. */
void cake_plugin_info_free(cake_plugin_info *info);

#endif
