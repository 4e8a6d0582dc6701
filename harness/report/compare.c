#include "report/compare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/by_op.h"
#include "report/differences.h"

const char *cake_change_name(cake_change change)
{
    static const char *const names[] = {[CAKE_CHANGE_NONE] = "",
                                        [CAKE_CHANGE_FASTER] = "faster",
                                        [CAKE_CHANGE_SLOWER] = "slower",
                                        [CAKE_CHANGE_SAME] = "same",
                                        [CAKE_CHANGE_UNCLEAR] = "unclear"};

    return names[change];
}

/* Room for one more item; false: out of memory. */
static bool grow(void **items, size_t *capacity, size_t count, size_t size)
{
    size_t more = *capacity ? 2 * *capacity : 16;
    void *grown;

    if (count < *capacity)
        return true;
    grown = realloc(*items, more * size);
    if (!grown)
        return false;
    *items = grown;
    *capacity = more;
    return true;
}

/* Times of a row's samples; over_baseline: divided by those of its baseline in the same rounds. */
typedef struct row_times {
    double *ns;
    int64_t *round;
    size_t count;
} row_times;

static size_t index_of(const cake_results *results, const cake_row *row)
{
    return (size_t)(row - results->rows.row);
}

static bool is_word(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && strncmp(word, text, length) == 0;
}

/* The row is of the first name in `names`: PLUGIN[@SHA256][/KERNEL], where the hash may be cut: it tells two builds of
 * one plugin apart. */
static bool is_of_first(const cake_row *row, const char *names)
{
    size_t length = strcspn(names, "@/,"), hash;

    if (!is_word(names, length, cake_row_string(row->plugin)))
        return false;
    names += length;
    if (*names == '@') {
        hash = strcspn(++names, "/,");
        if (hash == 0 || strncmp(names, cake_row_string(row->plugin_sha256), hash) != 0)
            return false;
        names += hash;
    }
    return *names != '/' || is_word(names + 1, strcspn(names + 1, ","), cake_row_string(row->kernel));
}

/* The name behind the first in `names`; NULL: none is left. */
static const char *next_name(const char *names)
{
    const char *comma = strchr(names, ',');

    return comma ? comma + 1 : NULL;
}

static bool is_of(const cake_row *row, const char *names)
{
    for (; names; names = next_name(names))
        if (is_of_first(row, names))
            return true;
    return false;
}

/* The row of the same workload by the kernel that the row's `baseline` names. */
static const cake_row *baseline_of(const cake_groups *groups, const cake_row *row)
{
    for (size_t g = 0; g < groups->count; g++) {
        const cake_group *group = &groups->group[g];
        const cake_row *found = NULL;
        bool here = false;

        for (size_t i = 0; i < group->count; i++) {
            here = here || group->rows[i] == row;
            if (!found && is_of(group->rows[i], cake_row_string(row->baseline)))
                found = group->rows[i];
        }
        if (here)
            return found;
    }
    return NULL;
}

static cake_status take_times(const cake_results *results, const cake_groups *groups, const cake_row *row,
                              bool over_baseline, row_times *times)
{
    size_t n = 0, n_under = 0, j = 0;
    const cake_sample *samples = cake_results_samples(results, index_of(results, row), &n), *under = NULL;

    *times = (row_times){calloc(n + 1, sizeof *times->ns), calloc(n + 1, sizeof *times->round), 0};
    if (!times->ns || !times->round)
        return CAKE_E_MEMORY;
    if (over_baseline) {
        const cake_row *baseline = baseline_of(groups, row);

        if (!baseline || !cake_row_is_ok(baseline))
            return CAKE_OK;
        under = cake_results_samples(results, index_of(results, baseline), &n_under);
    }
    for (size_t i = 0; i < n; i++) {
        double ns = samples[i].ns / (double)samples[i].iterations;

        if (over_baseline) {
            while (j < n_under && under[j].round < samples[i].round)
                j++;
            if (j == n_under || under[j].round != samples[i].round)
                continue;
            ns /= under[j].ns / (double)under[j].iterations;
        }
        times->ns[times->count] = ns;
        times->round[times->count++] = samples[i].round;
    }
    return CAKE_OK;
}

static bool is_sure(cake_ratio ratio)
{
    return ratio.confidence >= CAKE_RATIO_CONFIDENCE - 1e-9;
}

static cake_status ratio_of(const cake_compare_request *request, const cake_comparison *comparison,
                            const cake_row *base, const cake_row *now, cake_ratio *ratio)
{
    row_times base_times = {0}, now_times = {0};
    bool one_run = request->base == request->now;
    bool rounds = one_run && base->rounds > 0 && now->rounds > 0;
    cake_status status =
        take_times(request->base, &comparison->base_groups, base, request->over_baseline, &base_times);

    if (status == CAKE_OK)
        status = take_times(request->now, one_run ? &comparison->base_groups : &comparison->now_groups, now,
                            request->over_baseline, &now_times);
    if (status == CAKE_OK) {
        cake_times b = {base_times.ns, base_times.round, base_times.count};
        cake_times n = {now_times.ns, now_times.round, now_times.count};

        *ratio = CAKE_RATIO_NONE;
        if (rounds)
            status = cake_ratio_paired(b, n, ratio);
        /* A few samples that are too few in pairs can do in all pairs. */
        if (status == CAKE_OK && !is_sure(*ratio))
            status = cake_ratio_unpaired(b, n, ratio);
        if (status == CAKE_OK && isnan(ratio->ratio) && !request->over_baseline)
            *ratio = cake_ratio_summary(base, now);
    }
    free(base_times.ns);
    free(base_times.round);
    free(now_times.ns);
    free(now_times.round);
    return status;
}

/* Nothing is said on less confidence than was asked for. */
static cake_change change_of(cake_ratio ratio, double margin)
{
    if (isnan(ratio.ratio))
        return CAKE_CHANGE_NONE;
    if (!isfinite(ratio.low) || !isfinite(ratio.high) || !is_sure(ratio))
        return CAKE_CHANGE_UNCLEAR;
    if (ratio.low > 1 + margin)
        return CAKE_CHANGE_SLOWER;
    if (ratio.high < 1 / (1 + margin))
        return CAKE_CHANGE_FASTER;
    if (ratio.low >= 1 / (1 + margin) && ratio.high <= 1 + margin)
        return CAKE_CHANGE_SAME;
    return CAKE_CHANGE_UNCLEAR;
}

static bool beyond_gate(const cake_compare_request *request, cake_ratio ratio)
{
    return !isnan(request->slower_by) && is_sure(ratio) && ratio.low > 1 + request->slower_by;
}

/* Why two rows cannot be compared; "": they can. */
static const char *obstacle(const cake_row *base, const cake_row *now)
{
    if (!base)
        return "only in NEW";
    if (!now)
        return "only in BASE";
    if (cake_row_is_ok(base) && cake_row_is_ok(now))
        return "";
    if (cake_row_is_ok(base))
        return cake_row_fails(now) ? "fails in NEW" : "unsupported in NEW";
    if (cake_row_is_ok(now))
        return cake_row_fails(base) ? "fails in BASE" : "unsupported in BASE";
    return "ok in neither";
}

static cake_status add_line(cake_comparison *comparison, const cake_compare_request *request, const cake_row *base,
                            const cake_row *now)
{
    cake_compared line = {.base = base, .now = now, .ratio = CAKE_RATIO_NONE, .note = obstacle(base, now)};
    cake_status status = CAKE_OK;

    assert(base || now);
    if (!line.note[0]) {
        status = ratio_of(request, comparison, base, now, &line.ratio);
        line.change = change_of(line.ratio, comparison->margin);
        line.gated = beyond_gate(request, line.ratio);
        if (isnan(line.ratio.ratio))
            line.note = request->over_baseline ? "no baseline in the same rounds" : "without times";
        else if (!is_sure(line.ratio))
            line.note = "too few samples";
    } else if (base && now && cake_row_is_ok(base) && cake_row_fails(now)) {
        line.gated = !isnan(request->slower_by) && request->base != request->now;
    }
    comparison->gate_failed = comparison->gate_failed || line.gated;
    if (status != CAKE_OK ||
        !grow((void **)&comparison->line, &comparison->lines_capacity, comparison->n_lines, sizeof line))
        return CAKE_E_MEMORY;
    comparison->line[comparison->n_lines++] = line;
    return CAKE_OK;
}

static const cake_group *find_group(const cake_groups *groups, const char *key)
{
    for (size_t g = 0; g < groups->count; g++)
        if (strcmp(groups->group[g].key, key) == 0)
            return &groups->group[g];
    return NULL;
}

static bool same_kernel(const cake_row *a, const cake_row *b)
{
    return strcmp(cake_row_string(a->plugin), cake_row_string(b->plugin)) == 0 &&
           strcmp(cake_row_string(a->kernel), cake_row_string(b->kernel)) == 0;
}

/* The row of that kernel, the n-th from 0 (a kernel can have several, in other layouts or modes), or NULL. */
static const cake_row *find_kernel(const cake_group *group, const cake_row *like, size_t nth)
{
    for (size_t i = 0; group && i < group->count; i++)
        if (same_kernel(group->rows[i], like) && nth-- == 0)
            return group->rows[i];
    return NULL;
}

static size_t nth_of(const cake_group *group, size_t i)
{
    size_t nth = 0;

    for (size_t j = 0; j < i; j++)
        nth += same_kernel(group->rows[j], group->rows[i]);
    return nth;
}

static bool is_faster(const cake_row *a, const cake_row *b)
{
    if (!b || cake_row_is_ok(a) != cake_row_is_ok(b))
        return !b || cake_row_is_ok(a);
    return a->time_ns_median < b->time_ns_median;
}

/* The plugin's fastest row that is ok, else its first; NULL: it has none. */
static const cake_row *best_of(const cake_group *group, const char *name)
{
    const cake_row *best = NULL;

    for (size_t i = 0; group && i < group->count; i++)
        if (is_of(group->rows[i], name) && is_faster(group->rows[i], best))
            best = group->rows[i];
    return best;
}

static cake_status compare_plugins(cake_comparison *comparison, const cake_compare_request *request)
{
    cake_status status = CAKE_OK;

    for (size_t g = 0; status == CAKE_OK && g < comparison->base_groups.count; g++) {
        const cake_group *group = &comparison->base_groups.group[g];
        const cake_row *base = best_of(group, request->base_plugin), *now = best_of(group, request->now_plugin);

        if (base || now)
            status = add_line(comparison, request, base, now);
    }
    return status;
}

static cake_status compare_runs(cake_comparison *comparison, const cake_compare_request *request)
{
    cake_status status = CAKE_OK;

    for (size_t g = 0; g < comparison->base_groups.count; g++) {
        const cake_group *base = &comparison->base_groups.group[g],
                         *now = find_group(&comparison->now_groups, base->key);

        for (size_t i = 0; status == CAKE_OK && i < base->count; i++)
            status = add_line(comparison, request, base->rows[i], find_kernel(now, base->rows[i], nth_of(base, i)));
        for (size_t i = 0; status == CAKE_OK && now && i < now->count; i++)
            if (!find_kernel(base, now->rows[i], nth_of(now, i)))
                status = add_line(comparison, request, NULL, now->rows[i]);
    }
    for (size_t g = 0; g < comparison->now_groups.count; g++) {
        const cake_group *now = &comparison->now_groups.group[g];

        for (size_t i = 0; status == CAKE_OK && i < now->count; i++)
            if (!find_group(&comparison->base_groups, now->key))
                status = add_line(comparison, request, NULL, now->rows[i]);
    }
    return status;
}

size_t cake_comparison_count(const cake_comparison *comparison, unsigned table)
{
    if (comparison->tables && !(comparison->tables & table))
        return 0;
    return table == CAKE_COMPARE_WORKLOADS  ? comparison->n_lines
           : table == CAKE_COMPARE_OPS      ? comparison->n_ops
           : table == CAKE_COMPARE_NETWORKS ? comparison->n_networks
                                            : comparison->n_ranks;
}

bool cake_same_conditions(const cake_row *a, const cake_row *b)
{
    return strcmp(cake_row_string(a->dtype), cake_row_string(b->dtype)) == 0 && a->threads == b->threads &&
           strcmp(cake_row_string(a->cache), cake_row_string(b->cache)) == 0;
}

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
    cake_ratio *ratios = calloc(n + 1, sizeof *ratios);
    double *weights = calloc(n + 1, sizeof *weights);
    cake_status status = ratios && weights ? CAKE_OK : CAKE_E_MEMORY;

    for (size_t g = 0; status == CAKE_OK && g < n; g++) {
        const cake_group *group = &comparison->base_groups.group[g];
        const cake_group *other =
            request->base == request->now ? group : find_group(&comparison->now_groups, group->key);
        const cake_row *base = best_of(group, base_plugin), *now = best_of(other, now_plugin);
        double count = group->rows[0]->count > 0 ? (double)group->rows[0]->count : 1;

        if (!same_network(group->rows[0], like))
            continue;
        network.layers++;
        if (!base || !now || !cake_row_is_ok(base) || !cake_row_is_ok(now))
            continue;
        status = ratio_of(request, comparison, base, now, &ratios[network.compared]);
        if (status != CAKE_OK || isnan(ratios[network.compared].ratio))
            continue;
        weights[network.compared++] = count * base->time_ns_median;
        network.base_ns += count * base->time_ns_median;
        network.now_ns += count * now->time_ns_median;
    }
    if (status == CAKE_OK && network.compared > 0) {
        network.ratio = cake_ratio_weighted(ratios, weights, network.compared);
        network.change = change_of(network.ratio, comparison->margin);
        network.note = network.compared < network.layers ? "not all layers" : "";
        network.gated = beyond_gate(request, network.ratio);
        comparison->gate_failed = comparison->gate_failed || network.gated;
        if (grow((void **)&comparison->network, &comparison->networks_capacity, comparison->n_networks,
                 sizeof network))
            comparison->network[comparison->n_networks++] = network;
        else
            status = CAKE_E_MEMORY;
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

static cake_status compare_networks(cake_comparison *comparison, const cake_compare_request *request)
{
    const cake_rows *rows = &request->base->rows;
    cake_status status = CAKE_OK;

    for (size_t i = 0; status == CAKE_OK && i < rows->count; i++) {
        const cake_row *row = &rows->row[i];
        bool first = row->dataset && row->dataset[0];

        if (request->now_plugin)
            first = first && is_of(row, request->now_plugin);
        for (size_t j = 0; first && j < i; j++)
            first = !(same_network(&rows->row[j], row) &&
                      (request->now_plugin
                           ? is_of(&rows->row[j], request->now_plugin)
                           : strcmp(cake_row_string(rows->row[j].plugin), cake_row_string(row->plugin)) == 0));
        if (first)
            status = request->now_plugin ? add_networks(comparison, request, row)
                                         : add_network(comparison, request, row, cake_row_string(row->plugin),
                                                       cake_row_string(row->plugin));
    }
    return status;
}

static void note_unmatched(cake_comparison *comparison)
{
    size_t compared = 0;

    for (size_t i = 0; i < comparison->n_lines; i++)
        compared += comparison->line[i].change != CAKE_CHANGE_NONE;
    if (compared < comparison->n_lines)
        cake_text_printf(&comparison->notes, "%zu of %zu lines can be compared\n", compared, comparison->n_lines);
}

static cake_status has_plugins(const cake_results *results, const char *names, cake_error *error)
{
    for (; names; names = next_name(names)) {
        size_t i = 0;

        while (i < results->rows.count && !is_of_first(&results->rows.row[i], names))
            i++;
        if (i == results->rows.count)
            return cake_fail(error, CAKE_E_USAGE, "expected a plugin, or plugin/kernel, of %s, found '%.*s'",
                             results->path, (int)strcspn(names, ","), names);
    }
    return CAKE_OK;
}

/* "a,b" as "a", "b", "". */
static char *split_names(const char *names)
{
    char *split = calloc(1, strlen(names) + 2);

    if (!split)
        return NULL;
    strcpy(split, names);
    for (char *comma = split; (comma = strchr(comma, ',')); comma++)
        *comma = '\0';
    return split;
}

cake_status cake_comparison_make(cake_comparison *comparison, const cake_compare_request *request, cake_error *error)
{
    bool one_run = request->base == request->now;
    cake_status status = CAKE_OK;

    assert(!request->base_plugin == !request->now_plugin);
    *comparison = (cake_comparison){.margin = request->margin >= 0 ? request->margin
                                              : one_run            ? CAKE_MARGIN_PAIRED
                                                                   : CAKE_MARGIN_RUNS,
                                    .tables = request->tables};
    cake_text_put(&comparison->notes, "");
    if (request->base_plugin)
        status = has_plugins(request->base, request->base_plugin, error);
    if (status == CAKE_OK && request->now_plugin)
        status = has_plugins(request->now, request->now_plugin, error);
    if (status != CAKE_OK) {
        cake_comparison_free(comparison);
        return status;
    }
    if (request->base_plugin) {
        comparison->base_names = split_names(request->base_plugin);
        status = comparison->base_names ? CAKE_OK : CAKE_E_MEMORY;
    }
    if (status == CAKE_OK)
        status = cake_groups_make(&comparison->base_groups, &request->base->rows);
    if (status == CAKE_OK)
        status = cake_groups_make(&comparison->now_groups, &request->now->rows);
    cake_compare_note_differences(request->base, request->now, &comparison->notes);
    if (status == CAKE_OK)
        status = request->base_plugin ? compare_plugins(comparison, request) : compare_runs(comparison, request);
    if (status == CAKE_OK)
        status = compare_networks(comparison, request);
    if (status == CAKE_OK && request->base_plugin)
        status = cake_by_op_make(comparison->line, comparison->n_lines, &comparison->op, &comparison->n_ops);
    if (status == CAKE_OK)
        status = cake_rank_plugins(&comparison->now_groups, &comparison->rank, &comparison->n_ranks);
    note_unmatched(comparison);
    if (status == CAKE_OK && comparison->notes.failed)
        status = CAKE_E_MEMORY;
    if (status != CAKE_OK) {
        cake_comparison_free(comparison);
        cake_fail(error, status, "out of memory");
    }
    return status;
}

void cake_comparison_free(cake_comparison *comparison)
{
    free(comparison->line);
    free(comparison->network);
    free(comparison->op);
    free(comparison->rank);
    free(comparison->base_names);
    cake_text_free(&comparison->notes);
    cake_groups_free(&comparison->base_groups);
    cake_groups_free(&comparison->now_groups);
    *comparison = (cake_comparison){0};
}
