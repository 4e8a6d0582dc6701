#include <inttypes.h>
#include <string.h>

#include "report/report.h"

/* A cell must not end its column, begin markup, or load anything. */
static void put_cell(cake_text *out, const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20)
            cake_text_put(out, " ");
        else if (strchr("|\\`*_{}[]<>#!~", *text))
            cake_text_printf(out, *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : "\\%c", *text);
        else
            cake_text_add(out, text, 1);
    }
}

static void put_row(const cake_row *row, bool first, cake_text *out)
{
    cake_text_put(out, "| ");
    put_cell(out, first ? cake_row_title(row) : "");
    cake_text_put(out, " | ");
    put_cell(out, cake_row_string(row->plugin));
    cake_text_put(out, "/");
    put_cell(out, cake_row_string(row->kernel));
    if (row->threads == CAKE_ROW_EMPTY)
        cake_text_put(out, " | | ");
    else
        cake_text_printf(out, " | %" PRId64 " | ", row->threads);
    cake_put_time(out, row->time_ns_median);
    cake_text_put(out, " | ");
    cake_put_rate(out, row);
    cake_text_put(out, " | ");
    cake_put_factor(out, row->speedup);
    cake_text_put(out, " | ");
    put_cell(out, cake_row_string(row->verdict));
    if (cake_row_fails(row) && row->reason && row->reason[0]) {
        cake_text_put(out, ": ");
        put_cell(out, row->reason);
    }
    cake_text_put(out, " |\n");
}

static void put_context(void *user, const char *section, const char *key, const char *text)
{
    cake_text *out = user;

    cake_text_printf(out, "- %s %s: ", section, key);
    put_cell(out, text);
    cake_text_put(out, "\n");
}

cake_status cake_report_markdown(const cake_results *results, FILE *out, cake_error *error)
{
    cake_groups groups = {0};
    cake_text text = {0};
    const char *family = NULL;
    cake_status status = cake_groups_make(&groups, &results->rows);

    cake_text_put(&text, "# Layercake");
    if (results->rows.count > 0 && results->rows.row[0].run) {
        cake_text_put(&text, ": ");
        put_cell(&text, results->rows.row[0].run);
    }
    cake_text_put(&text, "\n");
    for (size_t g = 0; g < groups.count; g++) {
        const cake_group *group = &groups.group[g];

        if (!family || strcmp(cake_row_family(group->rows[0]), family) != 0) {
            family = cake_row_family(group->rows[0]);
            cake_text_put(&text, "\n## ");
            put_cell(&text, family);
            cake_text_put(&text, "\n\n| workload | kernel | threads | time | rate | speed-up | verdict |\n"
                                 "|---|---|---:|---:|---:|---:|---|\n");
        }
        for (size_t i = 0; i < group->count; i++)
            put_row(group->rows[i], i == 0, &text);
    }
    if (results->context) {
        cake_text_put(&text, "\n## Context\n\n");
        cake_context_walk(results->context, put_context, &text);
    }
    if (status == CAKE_OK && !text.failed)
        fwrite(text.data, 1, text.length, out);
    else
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    cake_groups_free(&groups);
    cake_text_free(&text);
    return status;
}
