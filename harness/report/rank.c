#include "report/rank.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The plugin's best time in a group; NULL: any plugin's. NAN: none. */
static double best_time(const cake_group *group, const char *plugin)
{
    double best = NAN;

    for (size_t i = 0; i < group->count; i++) {
        const cake_row *row = group->rows[i];

        if (cake_row_is_ok(row) && row->time_ns_median > 0 &&
            (!plugin || strcmp(cake_row_string(row->plugin), plugin) == 0))
            best = fmin(best, row->time_ns_median);
    }
    return best;
}

/* The largest of the plugins' best times. */
static double slowest_time(const cake_group *group)
{
    double slowest = NAN;

    for (size_t i = 0; i < group->count; i++)
        slowest = fmax(slowest, best_time(group, cake_row_string(group->rows[i]->plugin)));
    return slowest;
}

static bool is_op(const cake_group *group, const char *op)
{
    return strcmp(cake_row_string(group->rows[0]->op), op) == 0;
}

static void score(cake_rank *rank, const cake_groups *groups)
{
    double logs = 0;

    for (size_t g = 0; g < groups->count; g++) {
        const cake_group *group = &groups->group[g];
        double best = best_time(group, NULL), own;

        if (!is_op(group, rank->op) || isnan(best))
            continue;
        own = best_time(group, rank->plugin);
        rank->workloads++;
        rank->done += isnan(own) ? 0 : 1;
        logs += log(best / (isnan(own) ? slowest_time(group) : own));
    }
    rank->score = rank->workloads ? exp(logs / (double)rank->workloads) : NAN;
}

static int better_first(const void *a, const void *b)
{
    const cake_rank *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->done != y->done ? (x->done < y->done ? 1 : -1) : strcmp(x->plugin, y->plugin);
}

/* The plugins of an op behind those that are there, each once. */
static size_t add_plugins(cake_rank *ranks, size_t count, const cake_groups *groups, const char *op)
{
    size_t begin = count;

    for (size_t g = 0; g < groups->count; g++) {
        for (size_t i = 0; is_op(&groups->group[g], op) && i < groups->group[g].count; i++) {
            const char *plugin = cake_row_string(groups->group[g].rows[i]->plugin);
            size_t at = begin;

            while (at < count && strcmp(ranks[at].plugin, plugin) != 0)
                at++;
            if (at == count)
                ranks[count++] = (cake_rank){.op = op, .plugin = plugin};
        }
    }
    return count;
}

cake_status cake_rank_plugins(const cake_groups *groups, cake_rank **ranks_out, size_t *count_out)
{
    size_t rows = 0, count = 0, kept = 0;
    cake_rank *ranks;

    for (size_t g = 0; g < groups->count; g++)
        rows += groups->group[g].count;
    ranks = calloc(rows + 1, sizeof *ranks);
    if (!ranks)
        return CAKE_E_MEMORY;
    for (size_t g = 0; g < groups->count; g++) {
        const char *op = cake_row_string(groups->group[g].rows[0]->op);
        size_t first = 0, begin = count;

        while (!is_op(&groups->group[first], op))
            first++;
        if (first < g)
            continue;
        count = add_plugins(ranks, count, groups, op);
        for (size_t i = begin; i < count; i++)
            score(&ranks[i], groups);
        /* A plugin that can do none of the op has no place in it. */
        for (size_t i = begin; i < count; i++)
            if (ranks[i].done > 0)
                ranks[begin + kept++] = ranks[i];
        count = begin + kept;
        kept = 0;
        qsort(ranks + begin, count - begin, sizeof *ranks, better_first);
    }
    *ranks_out = ranks;
    *count_out = count;
    return CAKE_OK;
}
