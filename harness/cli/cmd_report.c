#include <string.h>

#include "cli/command.h"
#include "report/report.h"

typedef struct report_options {
    char *format;
    bool json;
    char *out;
} report_options;

static const cake_option option_table[] = {
    {.name = "format",
     .argument = "FORMAT",
     .meaning = "table, text, csv, json (Google Benchmark's), markdown or html; default: table.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(report_options, format)},
    {.name = "json",
     .meaning = "The same as --format json.",
     .kind = CAKE_OPTION_FLAG,
     .offset = offsetof(report_options, json)},
    {.name = "out",
     .argument = "FILE",
     .meaning = "Write to a file, which appears whole or not at all; default: standard output.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(report_options, out)},
    {.name = NULL},
};

const cake_option_group cake_report_option_groups[] = {{"Options", option_table}, {.title = NULL}};

static cake_status report(const report_options *options, const cake_text_list *runs, cake_error *error)
{
    const char *format = options->json ? "json" : options->format ? options->format : options->out ? "text" : "table";
    const cake_reporter *reporter;
    cake_results results = {0};
    cake_status status = cake_reporter_choose(format, &reporter, error);

    if (status == CAKE_OK && options->json && options->format && strcmp(options->format, "json") != 0)
        status = cake_fail(error, CAKE_E_USAGE, "expected --json or --format, found both");
    if (status == CAKE_OK && runs->count > 1)
        status = cake_fail(error, CAKE_E_USAGE, "expected one run, found '%.80s' too", runs->items[1]);
    if (status == CAKE_OK)
        status = cake_results_open(&results, runs->count ? runs->items[0] : "results/latest", error);
    if (status != CAKE_OK)
        return status;
    fputs(results.notes.data, stderr);
    status = cake_report_write(reporter, &results, options->out, error);
    cake_results_free(&results);
    return status;
}

int cake_cmd_report(int argc, char **argv)
{
    report_options options = {0};
    cake_text_list runs = {0};
    cake_error error = {0};
    cake_status status = cake_options_parse(cake_report_option_groups, argc, argv, &options, &runs, &error);

    if (status == CAKE_OK)
        status = report(&options, &runs, &error);
    cake_options_free(cake_report_option_groups, &options);
    cake_text_list_free(&runs);
    return status == CAKE_OK ? CAKE_EXIT_OK : cake_command_failed("report", status, &error);
}
