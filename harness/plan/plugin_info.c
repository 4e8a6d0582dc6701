#include "plan/plugin_info.h"

#include <stdlib.h>

void cake_plugin_info_free(cake_plugin_info *info)
{
    for (size_t i = 0; i < info->n_kernels; i++) {
        free(info->kernels[i].op);
        free(info->kernels[i].name);
    }
    free(info->kernels);
    free(info->path);
    free(info->name);
    free(info->version);
    free(info->description);
    free(info->license);
    free(info->problem);
    *info = (cake_plugin_info){0};
}
