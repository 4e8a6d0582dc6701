/* Which plugin is best at an op? */
#ifndef LAYERCAKE_REPORT_RANK_H
#define LAYERCAKE_REPORT_RANK_H

#include <stddef.h>

#include "base/status.h"
#include "report/results.h"

/* A plugin's place in an op, by its fastest kernel for each workload. Borrows its texts from the rows. */
typedef struct cake_rank {
    const char *op, *plugin;
    /* Geometric mean over the op's workloads of the best time / the plugin's time: 1 is always the best. Where it has
     * none, the slowest plugin's stands in, so that leaving out what is hard does not pay. */
    double score;
    size_t done, workloads;
} cake_rank;

/* By op in the order of the groups, the best first. *ranks is the caller's to free. */
cake_status cake_rank_plugins(const cake_groups *groups, cake_rank **ranks, size_t *count);

#endif
