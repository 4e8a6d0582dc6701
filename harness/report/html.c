#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/rank.h"
#include "report/report.h"

/* Geometry of a chart, in the units of its viewBox. */
enum { WIDTH = 960, LABEL = 230, BAR_MAX = 520, BAR = 16, BAR_STEP = 20, TITLE_STEP = 26, N_COLOURS = 8 };

static const char style[] =
    ":root{color-scheme:light dark;--paper:#fff;--ink:#1c2330;--soft:#5b6576;--line:#d9dee7;--card:#f5f7fa;"
    "--bad:#c0262d;--c0:#2f6fde;--c1:#d9730d;--c2:#15916b;--c3:#9046cf;--c4:#c2255c;--c5:#0b8ea8;--c6:#a67c00;"
    "--c7:#66707f}\n"
    "@media(prefers-color-scheme:dark){:root{--paper:#12161d;--ink:#e6eaf1;--soft:#9aa5b6;--line:#2c3442;"
    "--card:#1a2029;--bad:#ff7b7f;--c0:#6ea2ff;--c1:#ffa657;--c2:#4bcaa0;--c3:#c597ff;--c4:#ff7eaa;--c5:#4cc9e2;"
    "--c6:#e0b83d;--c7:#9aa5b6}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:72rem;padding:1.5rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:.2em 0}h2{margin:2.2em 0 .4em;border-bottom:1px solid var(--line)}\n"
    ".soft,dt,summary{color:var(--soft)}.cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:1rem 0}"
    ".cards div{background:var(--card);border-radius:.5rem;padding:.6rem 1rem}.cards "
    "b{font-size:1.4rem;display:block}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:1rem;font-size:.9rem}.legend i{display:inline-block;width:.8em;"
    "height:.8em;border-radius:.15em;margin-right:.35em}\n"
    "svg{width:100%;height:auto;display:block}svg text{fill:var(--ink);font:13px system-ui,sans-serif}"
    "svg .soft{fill:var(--soft)}svg .bad{fill:var(--bad)}svg .best{font-weight:700}svg .name{font-weight:600}svg "
    "tspan.soft{font-weight:400}"
    "svg line{stroke:var(--line)}svg .ci{stroke:var(--ink);stroke-width:1.5}\n"
    "table{border-collapse:collapse;font-size:.9rem;display:block;overflow-x:auto}td,th{padding:.2rem .7rem;"
    "border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums}td.bad{color:var(--bad);white-space:normal}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;font-size:.9rem}dd{margin:0;"
    "overflow-wrap:anywhere}summary{cursor:pointer;margin:.6rem 0}\n";

/* Text as content or in an attribute. */
static void put_escaped(cake_text *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            cake_text_put(out, "&amp;");
            break;
        case '<':
            cake_text_put(out, "&lt;");
            break;
        case '>':
            cake_text_put(out, "&gt;");
            break;
        case '"':
            cake_text_put(out, "&quot;");
            break;
        case '\'':
            cake_text_put(out, "&#39;");
            break;
        default:
            cake_text_add(out, (unsigned char)*text < 0x20 ? " " : text, 1);
        }
    }
}

/* At most `columns` characters, whole ones. */
static void put_cut(cake_text *out, const char *text, size_t columns)
{
    cake_text cut = {0};
    size_t size = strlen(text), at = 0;

    for (size_t n = 0; at < size && n < columns; n++) {
        size_t length = cake_utf8_length(text + at, size - at);

        cake_text_add(&cut, length ? text + at : "?", length ? length : 1);
        at += length ? length : 1;
    }
    if (at < size)
        cake_text_put(&cut, "\xe2\x80\xa6");
    if (cut.length)
        put_escaped(out, cut.data);
    cake_text_free(&cut);
}

/* The run's plugins, in the order of their first rows: a plugin's place is its colour. */
typedef struct plugin_list {
    const char **name;
    size_t count;
} plugin_list;

static size_t plugin_place(const plugin_list *plugins, const cake_row *row)
{
    size_t place = 0;

    while (place < plugins->count && strcmp(plugins->name[place], cake_row_string(row->plugin)) != 0)
        place++;
    return place;
}

static cake_status list_plugins(plugin_list *plugins, const cake_rows *rows)
{
    plugins->name = calloc(rows->count + 1, sizeof *plugins->name);
    if (!plugins->name)
        return CAKE_E_MEMORY;
    for (size_t i = 0; i < rows->count; i++)
        if (plugin_place(plugins, &rows->row[i]) == plugins->count)
            plugins->name[plugins->count++] = cake_row_string(rows->row[i].plugin);
    return CAKE_OK;
}

/* GFLOP/s, or GB/s for an op that waits for memory. */
typedef struct rate_scale {
    bool bytes;
    double max;
} rate_scale;

static double rate_of(const cake_row *row, bool bytes)
{
    double rate = bytes ? row->gb_per_s : row->gflops;

    return cake_row_is_ok(row) && isfinite(rate) && rate > 0 ? rate : NAN;
}

static rate_scale scale_of(const cake_groups *groups, const char *op)
{
    rate_scale scale = {0};
    size_t flops_bound = 0, bytes_bound = 0;

    for (size_t g = 0; g < groups->count; g++) {
        const cake_row *row = groups->group[g].rows[0];
        double intensity = isnan(row->intensity) ? row->gflops / row->gb_per_s : row->intensity;

        if (strcmp(cake_row_string(row->op), op) != 0)
            continue;
        flops_bound += intensity >= 4;
        bytes_bound += intensity < 4;
    }
    scale.bytes = bytes_bound > flops_bound;
    for (size_t g = 0; g < groups->count; g++)
        for (size_t i = 0; i < groups->group[g].count; i++)
            if (strcmp(cake_row_string(groups->group[g].rows[i]->op), op) == 0)
                scale.max = fmax(scale.max, rate_of(groups->group[g].rows[i], scale.bytes));
    return scale;
}

static void put_bar(const plugin_list *plugins, const cake_row *row, rate_scale scale, bool best, double y,
                    cake_text *out)
{
    double rate = rate_of(row, scale.bytes), length = scale.max > 0 ? BAR_MAX * rate / scale.max : 0;
    double middle = y + BAR / 2.0;

    cake_text_printf(out, "<text x=\"%d\" y=\"%.0f\" text-anchor=\"end\" class=\"%s\">", LABEL - 8, y + 12.5,
                     best ? "best" : "");
    put_cut(out, cake_row_string(row->plugin), 14);
    cake_text_put(out, "/");
    put_cut(out, cake_row_string(row->kernel), 16);
    cake_text_put(out, "</text>");
    if (isnan(rate)) {
        cake_text_printf(out, "<text x=\"%d\" y=\"%.0f\" class=\"%s\">", LABEL + 4, y + 12.5,
                         cake_row_fails(row) ? "bad" : "soft");
        put_cut(out, cake_row_string(row->verdict), 40);
        cake_text_put(out, "<title>");
        put_escaped(out, cake_row_string(row->reason));
        cake_text_put(out, "</title></text>\n");
        return;
    }
    cake_text_printf(out,
                     "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"var(--c%zu)\"><title>",
                     LABEL, y, fmax(length, 1), BAR, plugin_place(plugins, row) % N_COLOURS);
    cake_put_time(out, row->time_ns_median);
    cake_text_put(out, " median, 95 % interval ");
    cake_put_time(out, row->time_ns_ci_low);
    cake_text_put(out, " to ");
    cake_put_time(out, row->time_ns_ci_high);
    cake_text_put(out, "</title></rect>");
    if (row->time_ns_ci_low > 0 && row->time_ns_ci_high > 0 && row->time_ns_median > 0) {
        double from = length * row->time_ns_median / row->time_ns_ci_high;
        double to = fmin(length * row->time_ns_median / row->time_ns_ci_low, BAR_MAX + 10);

        length = fmax(length, to);
        cake_text_printf(out, "<line class=\"ci\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", LABEL + from,
                         LABEL + to, middle, middle);
    }
    cake_text_printf(out, "<text x=\"%.1f\" y=\"%.0f\" class=\"%s\">", LABEL + length + 6, y + 12.5,
                     best ? "best" : "");
    cake_text_short(out, rate);
    cake_text_put(out, scale.bytes ? " GB/s" : " GFLOP/s");
    if (isfinite(row->speedup)) {
        cake_text_put(out, " <tspan class=\"soft\">");
        cake_put_factor(out, row->speedup);
        cake_text_put(out, "</tspan>");
    }
    cake_text_put(out, "</text>\n");
}

/* The kernels that cannot, in one line; returns its height, 0 if there are none. */
static double put_unsupported(const cake_group *group, double y, cake_text *out)
{
    cake_text names = {0};

    for (size_t i = 0; i < group->count; i++) {
        const cake_row *row = group->rows[i];

        if (!cake_row_is_ok(row) && !cake_row_fails(row))
            cake_text_printf(&names, "%s%s/%s", names.length ? ", " : "", cake_row_string(row->plugin),
                             cake_row_string(row->kernel));
    }
    if (names.failed)
        out->failed = true;
    if (!names.length)
        return 0;
    cake_text_printf(out, "<text x=\"%d\" y=\"%.0f\" class=\"soft\">unsupported: ", LABEL + 4, y + 12.5);
    put_cut(out, names.data, 95);
    cake_text_put(out, "</text>\n");
    cake_text_free(&names);
    return BAR_STEP;
}

static const cake_row *best_of(const cake_group *group)
{
    const cake_row *best = NULL;

    for (size_t i = 0; i < group->count; i++)
        if (cake_row_is_ok(group->rows[i]) && group->rows[i]->time_ns_median > 0 &&
            (!best || group->rows[i]->time_ns_median < best->time_ns_median))
            best = group->rows[i];
    return best;
}

static void put_chart(const plugin_list *plugins, const cake_groups *groups, const char *op, cake_text *out)
{
    rate_scale scale = scale_of(groups, op);
    cake_text body = {0};
    double y = 4;

    for (size_t g = 0; g < groups->count; g++) {
        const cake_group *group = &groups->group[g];
        const cake_row *first = group->rows[0], *best = best_of(group);

        if (strcmp(cake_row_string(first->op), op) != 0)
            continue;
        cake_text_printf(&body, "<text x=\"0\" y=\"%.0f\" class=\"name\">", y + 15);
        put_cut(&body, cake_row_title(first), 100);
        if (first->threads != CAKE_ROW_EMPTY)
            cake_text_printf(&body, "<tspan class=\"soft\" dx=\"8\">%" PRId64 " thread%s</tspan>", first->threads,
                             first->threads == 1 ? "" : "s");
        cake_text_put(&body, "<title>");
        put_escaped(&body, cake_row_string(first->params));
        cake_text_put(&body, "</title></text>\n");
        y += TITLE_STEP;
        for (size_t i = 0; i < group->count; i++) {
            if (!cake_row_is_ok(group->rows[i]) && !cake_row_fails(group->rows[i]))
                continue;
            put_bar(plugins, group->rows[i], scale, group->rows[i] == best, y, &body);
            y += BAR_STEP;
        }
        y += put_unsupported(group, y, &body) + 8;
    }
    cake_text_printf(out,
                     "<svg viewBox=\"0 0 %d %.0f\" role=\"img\" aria-label=\"%s a workload and kernel\">\n"
                     "<line x1=\"%d\" x2=\"%d\" y1=\"0\" y2=\"%.0f\"/>\n",
                     WIDTH, y, scale.bytes ? "GB/s" : "GFLOP/s", LABEL, LABEL, y);
    if (body.failed)
        out->failed = true;
    else
        cake_text_put(out, body.data ? body.data : "");
    cake_text_put(out, "</svg>\n");
    cake_text_free(&body);
}

static void put_legend(const plugin_list *plugins, cake_text *out)
{
    cake_text_put(out, "<p class=\"legend\">");
    for (size_t i = 0; i < plugins->count; i++) {
        cake_text_printf(out, "<span><i style=\"background:var(--c%zu)\"></i>", i % N_COLOURS);
        put_escaped(out, plugins->name[i]);
        cake_text_put(out, "</span>");
    }
    cake_text_put(out, "</p>\n");
}

static void put_numbers(const cake_groups *groups, const char *op, cake_text *out)
{
    cake_text_put(out, "<details><summary>Numbers</summary><table><tr><th>workload<th>parameters<th>kernel"
                       "<th class=\"n\">threads<th class=\"n\">time<th class=\"n\">rate<th class=\"n\">speed-up"
                       "<th>verdict</tr>\n");
    for (size_t g = 0; g < groups->count; g++) {
        for (size_t i = 0; i < groups->group[g].count; i++) {
            const cake_row *row = groups->group[g].rows[i];

            if (strcmp(cake_row_string(row->op), op) != 0)
                continue;
            cake_text_put(out, "<tr><td>");
            put_escaped(out, cake_row_string(row->workload));
            cake_text_put(out, "<td>");
            put_escaped(out, cake_row_string(row->params));
            cake_text_put(out, "<td>");
            put_escaped(out, cake_row_string(row->plugin));
            cake_text_put(out, "/");
            put_escaped(out, cake_row_string(row->kernel));
            cake_text_put(out, "<td class=\"n\">");
            if (row->threads != CAKE_ROW_EMPTY)
                cake_text_printf(out, "%" PRId64, row->threads);
            cake_text_put(out, "<td class=\"n\">");
            cake_put_time(out, row->time_ns_median);
            cake_text_put(out, "<td class=\"n\">");
            cake_put_rate(out, row);
            cake_text_put(out, "<td class=\"n\">");
            cake_put_factor(out, row->speedup);
            cake_text_put(out, cake_row_fails(row) ? "<td class=\"bad\">" : "<td>");
            put_escaped(out, cake_row_string(row->verdict));
            if (!cake_row_is_ok(row) && row->reason && row->reason[0]) {
                cake_text_put(out, ": ");
                put_escaped(out, row->reason);
            }
            cake_text_put(out, "</tr>\n");
        }
    }
    cake_text_put(out, "</table></details>\n");
}

static void put_cards(const cake_results *results, cake_text *out)
{
    size_t ok = 0, bad = 0, n = results->rows.count;

    for (size_t i = 0; i < n; i++) {
        ok += cake_row_is_ok(&results->rows.row[i]);
        bad += cake_row_fails(&results->rows.row[i]);
    }
    cake_text_printf(out,
                     "<div class=\"cards\"><div><b>%zu</b>rows</div><div><b>%zu</b>ok</div><div><b>%zu</b>unsupported"
                     "</div><div><b>%zu</b>failed</div></div>\n",
                     n, ok, n - ok - bad, bad);
}

/* Which plugin is best at what. */
static cake_status put_ranking(const cake_groups *groups, cake_text *out)
{
    cake_rank *ranks = NULL;
    size_t count = 0;
    cake_status status = cake_rank_plugins(groups, &ranks, &count);

    if (status != CAKE_OK || count == 0) {
        free(ranks);
        return status;
    }
    cake_text_put(out, "<details><summary>Plugins by op</summary><table><tr><th>op<th>plugin<th class=\"n\">"
                       "geometric mean of best time / own time<th class=\"n\">workloads</tr>\n");
    for (size_t i = 0; i < count; i++) {
        cake_text_put(out, "<tr><td>");
        put_escaped(out, i == 0 || strcmp(ranks[i].op, ranks[i - 1].op) != 0 ? ranks[i].op : "");
        cake_text_put(out, "<td>");
        put_escaped(out, ranks[i].plugin);
        cake_text_printf(out, "<td class=\"n\">%.3f<td class=\"n\">%zu of %zu</tr>\n", ranks[i].score, ranks[i].done,
                         ranks[i].workloads);
    }
    cake_text_put(out, "</table></details>\n");
    free(ranks);
    return status;
}

static void put_context(void *user, const char *section, const char *key, const char *text)
{
    cake_text *out = user;

    cake_text_put(out, "<dt>");
    put_escaped(out, section);
    cake_text_put(out, " ");
    put_escaped(out, key);
    cake_text_put(out, "<dd>");
    put_escaped(out, text);
    cake_text_put(out, "\n");
}

static void put_head(const cake_results *results, cake_text *out)
{
    const char *cpu = results->context ? cake_context_get_text(results->context, "machine", "cpu") : NULL;
    const char *run = results->rows.count ? cake_row_string(results->rows.row[0].run) : "";

    cake_text_put(out, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
                       "<meta name=\"viewport\" content=\"width=device-width\"><title>Layercake ");
    put_escaped(out, run);
    cake_text_printf(out, "</title>\n<style>%s</style>\n<h1>Layercake</h1><p class=\"soft\">", style);
    put_escaped(out, run);
    if (cpu) {
        cake_text_put(out, " on ");
        put_escaped(out, cpu);
    }
    cake_text_put(out, "</p>\n");
}

cake_status cake_report_html(const cake_results *results, FILE *out, cake_error *error)
{
    cake_groups groups = {0};
    cake_text text = {0};
    plugin_list plugins = {0};
    cake_status status = cake_groups_make(&groups, &results->rows);

    if (status == CAKE_OK)
        status = list_plugins(&plugins, &results->rows);
    put_head(results, &text);
    put_cards(results, &text);
    put_legend(&plugins, &text);
    if (status == CAKE_OK)
        status = put_ranking(&groups, &text);
    for (size_t g = 0; g < groups.count; g++) {
        const char *op = cake_row_string(groups.group[g].rows[0]->op);
        size_t first = 0;

        while (strcmp(cake_row_string(groups.group[first].rows[0]->op), op) != 0)
            first++;
        if (first < g)
            continue;
        cake_text_put(&text, "<h2>");
        put_escaped(&text, op);
        cake_text_put(&text, "</h2>\n");
        put_chart(&plugins, &groups, op, &text);
        put_numbers(&groups, op, &text);
    }
    if (results->context) {
        cake_text_put(&text, "<h2>Context</h2><dl>\n");
        cake_context_walk(results->context, put_context, &text);
        cake_text_put(&text, "</dl>\n");
    }
    if (status == CAKE_OK && !text.failed)
        fwrite(text.data, 1, text.length, out);
    else
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    free(plugins.name);
    cake_groups_free(&groups);
    cake_text_free(&text);
    return status;
}
