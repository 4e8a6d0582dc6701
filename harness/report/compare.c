#include "report/compare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/by_op.h"
#include "report/differences.h"
#include "report/judge.h"
#include "report/networks.h"
#include "report/pick.h"

/* Append a line; false: out of memory. */
static bool append(cake_comparison *comparison, const cake_compared *line)
{
    if (comparison->n_lines == comparison->lines_capacity) {
        size_t more = comparison->n_lines ? 2 * comparison->n_lines : 16;
        cake_compared *grown = realloc(comparison->line, more * sizeof *grown);

        if (!grown)
            return false;
        comparison->line = grown;
        comparison->lines_capacity = more;
    }
    comparison->line[comparison->n_lines++] = *line;
    return true;
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
        status = cake_judge_ratio(request, comparison, base, now, &line.ratio);
        line.change = cake_judge_change(line.ratio, comparison->margin);
        line.gated = cake_judge_beyond_gate(request, line.ratio);
        if (isnan(line.ratio.ratio))
            line.note = request->over_baseline ? "no baseline in the same rounds" : "without times";
        else if (!cake_judge_is_sure(line.ratio))
            line.note = "too few samples";
    } else if (base && now && cake_row_is_ok(base) && cake_row_fails(now)) {
        line.gated = !isnan(request->slower_by) && request->base != request->now;
    }
    comparison->gate_failed = comparison->gate_failed || line.gated;
    if (status != CAKE_OK || !append(comparison, &line))
        return CAKE_E_MEMORY;
    return CAKE_OK;
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

static cake_status compare_plugins(cake_comparison *comparison, const cake_compare_request *request)
{
    cake_status status = CAKE_OK;

    for (size_t g = 0; status == CAKE_OK && g < comparison->base_groups.count; g++) {
        const cake_group *group = &comparison->base_groups.group[g];
        const cake_row *base = cake_pick_best(request->base_plugin, group),
                       *now = cake_pick_best(request->now_plugin, group);

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
                         *now = cake_groups_find(&comparison->now_groups, base->key);

        for (size_t i = 0; status == CAKE_OK && i < base->count; i++)
            status = add_line(comparison, request, base->rows[i], find_kernel(now, base->rows[i], nth_of(base, i)));
        for (size_t i = 0; status == CAKE_OK && now && i < now->count; i++)
            if (!find_kernel(base, now->rows[i], nth_of(now, i)))
                status = add_line(comparison, request, NULL, now->rows[i]);
    }
    for (size_t g = 0; g < comparison->now_groups.count; g++) {
        const cake_group *now = &comparison->now_groups.group[g];

        for (size_t i = 0; status == CAKE_OK && i < now->count; i++)
            if (!cake_groups_find(&comparison->base_groups, now->key))
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

static void note_unmatched(cake_comparison *comparison)
{
    size_t compared = 0;

    for (size_t i = 0; i < comparison->n_lines; i++)
        compared += comparison->line[i].change != CAKE_CHANGE_NONE;
    if (compared < comparison->n_lines)
        cake_text_printf(&comparison->notes, "%zu of %zu lines can be compared\n", compared, comparison->n_lines);
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
        status = cake_pick_check(request->base_plugin, request->base, error);
    if (status == CAKE_OK && request->now_plugin)
        status = cake_pick_check(request->now_plugin, request->now, error);
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
    if (request->without_fast) {
        cake_groups_leave_out_fast(&comparison->base_groups);
        cake_groups_leave_out_fast(&comparison->now_groups);
    }
    cake_compare_note_differences(request->base, request->now, &comparison->notes);
    if (status == CAKE_OK)
        status = request->base_plugin ? compare_plugins(comparison, request) : compare_runs(comparison, request);
    if (status == CAKE_OK)
        status = cake_networks_add(comparison, request);
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
