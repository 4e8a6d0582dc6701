#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "report/files.h"
#include "report/table.h"

static cake_status report_table(const cake_results *results, FILE *out, cake_error *error)
{
    /* The report passes through memory; its style is that of where it ends: choose "text" for a file. */
    return cake_table_print(&results->rows, cake_table_style_for(stdout), out, error);
}

static cake_status report_plain(const cake_results *results, FILE *out, cake_error *error)
{
    return cake_table_print(&results->rows, (cake_table_style){0}, out, error);
}

const cake_reporter cake_reporters[] = {
    {"table", "a table a family of ops, for a terminal", report_table},
    {"text", "the same without colours, at its full width", report_plain},
    {"csv", "the rows again, with this version's columns", cake_report_csv},
    {"json", "Google Benchmark's JSON, for its compare.py and other tools", cake_report_json},
    {"markdown", "tables for an issue or a wiki", cake_report_markdown},
    {"html", "one file with charts, for a browser", cake_report_html},
    {.name = NULL},
};

const cake_reporter *cake_reporter_find(const char *name)
{
    if (strcmp(name, "console") == 0)
        return cake_reporters;
    for (const cake_reporter *reporter = cake_reporters; reporter->name; reporter++)
        if (strcmp(reporter->name, name) == 0)
            return reporter;
    return NULL;
}

cake_status cake_reporter_choose(const char *name, const cake_reporter **reporter, cake_error *error)
{
    cake_nearest nearest = {.word = name};
    char all[256] = "";
    size_t used = 0;
    const char *meant;

    *reporter = cake_reporter_find(name);
    if (*reporter)
        return CAKE_OK;
    for (const cake_reporter *other = cake_reporters; other->name; other++) {
        cake_nearest_offer(&nearest, other->name);
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", other->name);
    }
    meant = cake_nearest_get(&nearest);
    return cake_fail(error, CAKE_E_USAGE, "expected one of %s for --format, found '%.80s'%s%s%s", all, name,
                     meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static cake_status put_file(const char *path, const char *data, size_t size, cake_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    cake_status status = folder ? cake_file_replace(folder, slash ? slash + 1 : path, data, size, error)
                                : cake_fail(error, CAKE_E_MEMORY, "out of memory");

    free(folder);
    return status;
}

cake_status cake_report_deliver(cake_report_fill *fill, const void *data, const char *path, cake_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    cake_status status;

    if (!out)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    status = fill(data, out, error);
    if (fclose(out) != 0 && status == CAKE_OK)
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    if (status == CAKE_OK && path && strcmp(path, "-") != 0)
        status = put_file(path, text, size, error);
    else if (status == CAKE_OK && (fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0))
        status = cake_fail(error, CAKE_E_IO, "standard output: %s", strerror(errno));
    free(text);
    return status;
}

typedef struct report_job {
    const cake_reporter *reporter;
    const cake_results *results;
} report_job;

static cake_status fill_report(const void *data, FILE *out, cake_error *error)
{
    const report_job *job = data;

    return job->reporter->write(job->results, out, error);
}

cake_status cake_report_write(const cake_reporter *reporter, const cake_results *results, const char *path,
                              cake_error *error)
{
    return cake_report_deliver(fill_report, &(report_job){reporter, results}, path, error);
}

cake_status cake_report_csv(const cake_results *results, FILE *out, cake_error *error)
{
    cake_text text = {0};
    bool failed;

    cake_row_header(&text);
    for (size_t i = 0; i < results->rows.count; i++)
        cake_row_line(&results->rows.row[i], &text);
    failed = text.failed;
    if (!failed)
        fwrite(text.data, 1, text.length, out);
    cake_text_free(&text);
    return failed ? cake_fail(error, CAKE_E_MEMORY, "out of memory") : CAKE_OK;
}
