#include "report/networks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/judge.h"
#include "report/pick.h"

static bool same_network(const cake_row *a, const cake_row *b)
{
    return strcmp(cake_row_string(a->dataset), cake_row_string(b->dataset)) == 0 && cake_same_conditions(a, b);
}

/* One network by `base_plugin` and `now_plugin`: the sum over its layers. Nothing where they share none. */
static cake_status add_network(cake_comparison *comparison, const cake_compare_request *request, const cake_row *like,
                               const char *base_plugin, const char *now_plugin)
{
    size_t n = comparison->base_groups.count;
    cake_network network = {
        .like = like, .base_plugin = base_plugin, .now_plugin = now_plugin, .ratio = CAKE_RATIO_NONE};
    cake_network *more;
    cake_ratio *ratios = calloc(n + 1, sizeof *ratios);
    double *weights = calloc(n + 1, sizeof *weights);
    cake_status status = ratios && weights ? CAKE_OK : CAKE_E_MEMORY;

    for (size_t g = 0; status == CAKE_OK && g < n; g++) {
        const cake_group *group = &comparison->base_groups.group[g];
        const cake_group *other =
            request->base == request->now ? group : cake_groups_find(&comparison->now_groups, group->key);
        const cake_row *base = cake_pick_best(base_plugin, group), *now = cake_pick_best(now_plugin, other);
        double count = group->rows[0]->count > 0 ? (double)group->rows[0]->count : 1;

        if (!same_network(group->rows[0], like))
            continue;
        network.layers++;
        if (!base || !now || !cake_row_is_ok(base) || !cake_row_is_ok(now))
            continue;
        status = cake_judge_ratio(request, comparison, base, now, &ratios[network.compared]);
        if (status != CAKE_OK || isnan(ratios[network.compared].ratio))
            continue;
        weights[network.compared++] = count * base->time_ns_median;
        network.base_ns += count * base->time_ns_median;
        network.now_ns += count * now->time_ns_median;
    }
    if (status == CAKE_OK && network.compared > 0) {
        network.ratio = cake_ratio_weighted(ratios, weights, network.compared);
        network.change = cake_judge_change(network.ratio, comparison->margin);
        network.note = network.compared < network.layers ? "not all layers" : "";
        network.gated = cake_judge_beyond_gate(request, network.ratio);
        comparison->gate_failed = comparison->gate_failed || network.gated;
        more = realloc(comparison->network, (comparison->n_networks + 1) * sizeof *more);
        if (more) {
            more[comparison->n_networks++] = network;
            comparison->network = more;
        } else {
            status = CAKE_E_MEMORY;
        }
    }
    free(ratios);
    free(weights);
    return status;
}

/* One network by each base plugin alone, and by all of them together. */
static cake_status add_networks(cake_comparison *comparison, const cake_compare_request *request,
                                const cake_row *like)
{
    size_t begin = comparison->n_networks, best = SIZE_MAX;
    const char *name = comparison->base_names;
    cake_status status = CAKE_OK;

    for (; status == CAKE_OK && *name; name += strlen(name) + 1)
        status = add_network(comparison, request, like, name, request->now_plugin);
    if (status != CAKE_OK || !strchr(request->base_plugin, ','))
        return status;
    for (size_t i = begin; i < comparison->n_networks; i++)
        if (!comparison->network[i].note[0] &&
            (best == SIZE_MAX || comparison->network[i].base_ns < comparison->network[best].base_ns))
            best = i;
    if (best != SIZE_MAX)
        comparison->network[best].note = "the best";
    begin = comparison->n_networks;
    status = add_network(comparison, request, like, request->base_plugin, request->now_plugin);
    if (comparison->n_networks > begin && !comparison->network[begin].note[0])
        comparison->network[begin].note = "each layer's fastest";
    return status;
}

cake_status cake_networks_add(cake_comparison *comparison, const cake_compare_request *request)
{
    const cake_rows *rows = &request->base->rows;
    cake_status status = CAKE_OK;

    for (size_t i = 0; status == CAKE_OK && i < rows->count; i++) {
        const cake_row *row = &rows->row[i];
        bool first = row->dataset && row->dataset[0];

        if (request->now_plugin)
            first = first && cake_pick_has(request->now_plugin, row);
        for (size_t j = 0; first && j < i; j++)
            first = !(same_network(&rows->row[j], row) &&
                      (request->now_plugin
                           ? cake_pick_has(request->now_plugin, &rows->row[j])
                           : strcmp(cake_row_string(rows->row[j].plugin), cake_row_string(row->plugin)) == 0));
        if (first)
            status = request->now_plugin ? add_networks(comparison, request, row)
                                         : add_network(comparison, request, row, cake_row_string(row->plugin),
                                                       cake_row_string(row->plugin));
    }
    return status;
}
