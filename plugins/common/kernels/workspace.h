/* Memory of a kernel: taken from the host in open, given back in close. */
#ifndef LAYERCAKE_PLUGINS_COMMON_WORKSPACE_H
#define LAYERCAKE_PLUGINS_COMMON_WORKSPACE_H

#include "layercake/plugin.h"

/* `floats` zeroed floats, or NULL. What fills several huge pages begins on one, so that few TLB entries cover it. */
static inline float *workspace_floats(const cake_host *host, int64_t floats)
{
    uint64_t bytes = (uint64_t)(floats > 0 ? floats : 1) * sizeof(float);

    return host->alloc(host, bytes, bytes >= UINT64_C(4) << 20 ? UINT64_C(2) << 20 : 64);
}

static inline void workspace_free(const cake_host *host, void *memory)
{
    if (memory)
        host->free(host, memory);
}

#endif
