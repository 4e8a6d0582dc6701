#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "plan/text.h"
#include "report/compare.h"
#include "report/report.h"

typedef struct compare_options {
    char *run;
    char *format;
    char *out;
    char *fail_on;
    char *margin;
    char *tables;
    bool over_baseline;
    bool without_fast;
} compare_options;

static const cake_option option_table[] = {
    {.name = "run",
     .argument = "RUN",
     .meaning =
         "The run whose plugins BASE and NEW are, each one or several joined with ','; default: results/latest.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, run)},
    {.name = "fail-on",
     .argument = "slower:N%",
     .meaning =
         "Exit 1 if a workload or a network is slower by more than N % with its whole interval, or fails in NEW.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, fail_on)},
    {.name = "margin",
     .argument = "N%",
     .meaning = "Changes within N % are 'same'; default: 2% within a run, 5% between runs.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, margin)},
    {.name = "over-baseline",
     .meaning =
         "Divide each time by the baseline's in the same round, so that a run on a slower hour does not count.",
     .kind = CAKE_OPTION_FLAG,
     .offset = offsetof(compare_options, over_baseline)},
    {.name = "without-fast",
     .meaning =
         "Leave out kernels of accuracy class fast, which save operations by algebra (as Winograd's, Strassen's).",
     .kind = CAKE_OPTION_FLAG,
     .offset = offsetof(compare_options, without_fast)},
    {.name = "tables",
     .argument = "LIST",
     .meaning = "Some of workloads, ops, networks and ranking; default: all.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, tables)},
    {.name = "format",
     .argument = "FORMAT",
     .meaning = "text, csv, markdown or json; default: text.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, format)},
    {.name = "out",
     .argument = "FILE",
     .meaning = "Write to a file, which appears whole or not at all; default: standard output.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(compare_options, out)},
    {.name = NULL},
};

const cake_option_group cake_compare_option_groups[] = {{"Options", option_table}, {.title = NULL}};

/* "5%" after the option's prefix, as 0.05. */
static cake_status parse_percent(const char *option, const char *prefix, const char *text, double *share,
                                 cake_error *error)
{
    size_t skip = strlen(prefix), length = strlen(text);
    double percent;

    if (strncmp(text, prefix, skip) != 0 || length <= skip || text[length - 1] != '%' ||
        !cake_parse_real(text + skip, length - skip - 1, &percent) || percent < 0 || percent > 1000)
        return cake_fail(error, CAKE_E_USAGE, "expected %s5%% or the like for --%s, found '%.80s'", prefix, option,
                         text);
    *share = percent / 100;
    return CAKE_OK;
}

/* "ops,networks" as CAKE_COMPARE_... */
static cake_status parse_tables(const char *text, unsigned *tables, cake_error *error)
{
    static const struct {
        const char *name;
        unsigned bit;
    } all[] = {{"workloads", CAKE_COMPARE_WORKLOADS},
               {"ops", CAKE_COMPARE_OPS},
               {"networks", CAKE_COMPARE_NETWORKS},
               {"ranking", CAKE_COMPARE_RANKING}};

    for (const char *word = text;;) {
        size_t length = strcspn(word, ","), i = 0;

        while (i < sizeof all / sizeof all[0] &&
               (strlen(all[i].name) != length || strncmp(word, all[i].name, length) != 0))
            i++;
        if (i == sizeof all / sizeof all[0])
            return cake_fail(error, CAKE_E_USAGE,
                             "expected some of workloads,ops,networks,ranking for --tables, found '%.80s'", word);
        *tables |= all[i].bit;
        if (word[length] == '\0')
            return CAKE_OK;
        word += length + 1;
    }
}

static cake_status find_format(const char *name, const cake_compare_format **format, cake_error *error)
{
    char all[128] = "";
    size_t used = 0;

    for (*format = cake_compare_formats; (*format)->name; (*format)++) {
        if (strcmp((*format)->name, name) == 0)
            return CAKE_OK;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", (*format)->name);
    }
    return cake_fail(error, CAKE_E_USAGE, "expected one of %s for --format, found '%.80s'", all, name);
}

typedef struct compare_job {
    const cake_compare_format *format;
    const cake_comparison *comparison;
} compare_job;

static cake_status fill(const void *data, FILE *out, cake_error *error)
{
    const compare_job *job = data;

    return job->format->write(job->comparison, out, error);
}

/* Read what the two words name: two runs' paths, or two plugins of one run. */
static cake_status open_runs(const compare_options *options, const cake_text_list *words, cake_results runs[2],
                             cake_compare_request *request, cake_error *error)
{
    const char *base, *now;
    bool paths;
    cake_status status;

    if (words->count != 2)
        return cake_fail(error, CAKE_E_USAGE, "expected BASE and NEW, found %zu word%s", words->count,
                         words->count == 1 ? "" : "s");
    base = words->items[0], now = words->items[1];
    paths = !options->run && (access(base, F_OK) == 0 || access(now, F_OK) == 0);
    status = cake_results_open(&runs[0], paths ? base : options->run ? options->run : "results/latest", error);
    if (status == CAKE_OK && paths)
        status = cake_results_open(&runs[1], now, error);
    if (status == CAKE_E_USAGE && !paths && !options->run)
        return cake_fail_within(error, status, "neither %.80s nor %.80s is a run's folder, and for two plugins", base,
                                now);
    if (status != CAKE_OK)
        return status;
    fputs(runs[0].notes.data, stderr);
    if (paths)
        fputs(runs[1].notes.data, stderr);
    request->base = &runs[0];
    request->now = paths ? &runs[1] : &runs[0];
    request->base_plugin = paths ? NULL : base;
    request->now_plugin = paths ? NULL : now;
    return CAKE_OK;
}

static cake_status compare(const compare_options *options, const cake_text_list *words, bool *gate_failed,
                           cake_error *error)
{
    cake_compare_request request = {.margin = -1,
                                    .slower_by = NAN,
                                    .over_baseline = options->over_baseline,
                                    .without_fast = options->without_fast};
    const cake_compare_format *format = NULL;
    cake_comparison comparison = {0};
    cake_results runs[2] = {{0}};
    cake_status status = find_format(options->format ? options->format : "text", &format, error);

    if (status == CAKE_OK && options->fail_on)
        status = parse_percent("fail-on", "slower:", options->fail_on, &request.slower_by, error);
    if (status == CAKE_OK && options->margin)
        status = parse_percent("margin", "", options->margin, &request.margin, error);
    if (status == CAKE_OK && options->tables)
        status = parse_tables(options->tables, &request.tables, error);
    if (status == CAKE_OK)
        status = open_runs(options, words, runs, &request, error);
    if (status == CAKE_OK)
        status = cake_comparison_make(&comparison, &request, error);
    if (status == CAKE_OK) {
        *gate_failed = comparison.gate_failed;
        status = cake_report_deliver(fill, &(compare_job){format, &comparison}, options->out, error);
        cake_comparison_free(&comparison);
    }
    cake_results_free(&runs[0]);
    cake_results_free(&runs[1]);
    return status;
}

int cake_cmd_compare(int argc, char **argv)
{
    compare_options options = {0};
    cake_text_list words = {0};
    cake_error error = {0};
    bool gate_failed = false;
    cake_status status = cake_options_parse(cake_compare_option_groups, argc, argv, &options, &words, &error);

    if (status == CAKE_OK)
        status = compare(&options, &words, &gate_failed, &error);
    if (status == CAKE_OK && gate_failed)
        fprintf(stderr, "layercake compare: slower than --fail-on %s allows, or failing\n", options.fail_on);
    cake_options_free(cake_compare_option_groups, &options);
    cake_text_list_free(&words);
    return status != CAKE_OK ? cake_command_failed("compare", status, &error)
           : gate_failed     ? CAKE_EXIT_VERDICT
                             : CAKE_EXIT_OK;
}
