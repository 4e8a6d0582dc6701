/* layercake check: is every kernel right? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/check_onnx.h"
#include "cli/command.h"
#include "cli/shrink.h"
#include "report/progress.h"
#include "run/interrupt.h"

/* The first failure of a kernel at random workloads. */
typedef struct failure {
    const cake_case *item;
    cake_verdict verdict;
} failure;

typedef struct checker {
    const cake_run_options *options;
    const cake_bench *bench;
    cake_progress *progress;
    failure *failures; /* room for one a case */
    size_t n_failures;
    cake_verdict *verdicts; /* of the plan's cases, as far as they have a row */
    size_t done;
} checker;

static void on_begin(void *user, const cake_case *item, const char *stage, size_t done, size_t total)
{
    const checker *c = user;
    char what[256];

    (void)stage;
    (void)done;
    (void)total;
    snprintf(what, sizeof what, "%s %s/%s %s", item->plugin->name, item->workload->op->name, item->kernel->name,
             item->workload->name);
    cake_progress_begin(c->progress, what);
}

static void print_repeat(const char *plugin, const char *op, const char *kernel, int64_t threads, int64_t seed,
                         const char *params)
{
    printf("     repeat: layercake check --plugin %s --kernel %s/%s --threads %lld --seed %lld '%s%s%s'\n", plugin,
           op, kernel, (long long)threads, (long long)seed, op, *params ? " " : "", params);
}

/* The word that names the plugin on the command line: its file, if it was given so. */
static const char *word_of(const checker *c, const cake_plugin_info *plugin)
{
    const cake_text_list *given = &c->options->plugins;

    for (size_t i = 0; i < given->count; i++)
        if (strcmp(given->items[i], plugin->path) == 0)
            return plugin->path;
    return plugin->name;
}

/* Remember the failing case, if it is its kernel's first of a random workload. */
static void keep_failure(checker *c, const cake_row *row, cake_verdict verdict)
{
    const cake_plan *plan = &c->bench->plan;

    for (size_t i = 0; i < c->n_failures; i++)
        if (strcmp(c->failures[i].item->plugin->name, row->plugin) == 0 &&
            strcmp(c->failures[i].item->kernel->op, row->op) == 0 &&
            strcmp(c->failures[i].item->kernel->name, row->kernel) == 0)
            return;
    for (size_t i = 0; i < plan->count; i++) {
        const cake_case *item = &plan->cases[i];

        if (strcmp(item->plugin->name, row->plugin) == 0 && strcmp(item->workload->op->name, row->op) == 0 &&
            strcmp(item->kernel->name, row->kernel) == 0 && strcmp(item->workload->name, row->workload) == 0 &&
            strcmp(item->workload->file, "random") == 0 && item->threads == row->threads) {
            c->failures[c->n_failures++] = (failure){item, verdict};
            return;
        }
    }
}

/* What repeats a row of a model: its folder, above that of its data set. */
static void print_repeat_model(const char *plugin, const cake_workload *workload, const cake_row *row)
{
    const char *end = strrchr(workload->file, '/');

    printf("     repeat: layercake check --plugin %s --kernel %s/%s --threads %lld --seed %lld --onnx '%.*s'\n",
           plugin, row->op, row->kernel, (long long)row->threads, (long long)row->seed,
           end ? (int)(end - workload->file) : 0, workload->file);
}

/* One line a case, in the plan's order; a failure with the line that repeats it. */
static cake_status on_row(void *user, cake_row *row, const cake_sample *samples, size_t n_samples, cake_error *error)
{
    checker *c = user;
    const cake_workload *workload = c->bench->plan.cases[c->done].workload;
    const char *plugin = word_of(c, c->bench->plan.cases[c->done].plugin);
    cake_verdict verdict = cake_verdict_find(row->verdict);
    bool fails = verdict < CAKE_VERDICT_COUNT && cake_verdicts[verdict].fails;

    (void)samples;
    (void)n_samples;
    (void)error;
    cake_progress_done(c->progress, row);
    c->verdicts[c->done++] = verdict;
    if (c->options->quiet && !fails)
        return CAKE_OK;
    printf("%s %s %s/%s %s '%s %s'", fails ? "FAIL" : "    ", row->plugin, row->op, row->kernel, row->verdict,
           row->op, row->params);
    if (verdict == CAKE_V_OK)
        printf("  error %.3g bounds\n", row->error_in_bounds);
    else if (!fails)
        printf("  %s\n", row->reason ? row->reason : "");
    else {
        printf("\n     %s\n", row->reason ? row->reason : "");
        if (strcmp(workload->dataset, CAKE_ONNX_DATASET) == 0)
            print_repeat_model(plugin, workload, row);
        else
            print_repeat(plugin, row->op, row->kernel, row->threads, row->seed, row->params);
        if (c->options->random > 0)
            keep_failure(c, row, verdict);
    }
    return CAKE_OK;
}

/* Make what failed smaller, and tell. */
static cake_status shrink_failures(const checker *c, cake_error *error)
{
    cake_status status = CAKE_OK;

    for (size_t i = 0; status == CAKE_OK && i < c->n_failures; i++) {
        const cake_case *item = c->failures[i].item;
        char params[CAKE_WORKLOAD_TEXT];
        cake_shrunken s = {0};

        status = cake_shrink(c->bench, c->options, item, c->failures[i].verdict, &s, error);
        if (status != CAKE_OK)
            break;
        cake_params_format(s.workload.op, s.workload.params, params, sizeof params);
        printf("smallest %s of %s %s/%s that was found, in %d tries:\n     %s\n",
               cake_verdicts[c->failures[i].verdict].word, item->plugin->name, item->kernel->op, item->kernel->name,
               s.tried, s.reason ? s.reason : "that of the workload itself");
        print_repeat(word_of(c, item->plugin), item->kernel->op, item->kernel->name, item->threads, c->options->seed,
                     params);
        cake_shrunken_free(&s);
    }
    return status;
}

/* Every case of the plan, of which there may be none. *verdicts, one a case, is the caller's to free in any case. */
static cake_status check_all(const cake_bench *bench, const cake_run_options *options, cake_run_summary *summary,
                             cake_verdict **verdicts, cake_error *error)
{
    checker c = {.options = options, .bench = bench};
    cake_run run = cake_bench_run(bench, options, false);
    cake_status status;

    if (bench->plan.count == 0)
        return CAKE_OK;
    c.failures = calloc(bench->plan.count, sizeof *c.failures);
    c.verdicts = *verdicts = calloc(bench->plan.count, sizeof *c.verdicts);
    c.progress = cake_progress_new(2, bench->plan.count, true);
    run.observer = (cake_run_observer){.user = &c, .begin = on_begin, .row = on_row};
    status = c.failures && c.verdicts ? cake_run_all(&run, summary, error)
                                      : cake_fail(error, CAKE_E_MEMORY, "out of memory");
    cake_progress_end(c.progress);
    if (status == CAKE_OK)
        status = shrink_failures(&c, error);
    free(c.failures);
    if (status == CAKE_OK)
        printf("%zu case%s: %zu ok, %zu unsupported, %zu failed\n", summary->rows, summary->rows == 1 ? "" : "s",
               summary->verdicts[CAKE_V_OK], summary->verdicts[CAKE_V_UNSUPPORTED],
               summary->rows - summary->verdicts[CAKE_V_OK] - summary->verdicts[CAKE_V_UNSUPPORTED]);
    return status;
}

int cake_cmd_check(int argc, char **argv)
{
    cake_run_options options = {0};
    cake_bench bench = {0};
    cake_run_summary summary = {0};
    cake_verdict *verdicts = NULL;
    cake_error error = {""};
    cake_status status = cake_run_options_parse(cake_check_option_groups, argc, argv, &options, &error);
    int code;

    if (status != CAKE_OK)
        return cake_command_failed("check", status, &error);
    cake_interrupt_watch();
    status = cake_bench_open(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_load(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_plan(&bench, &options, &error);
    if (status == CAKE_OK)
        status = check_all(&bench, &options, &summary, &verdicts, &error);
    code = status != CAKE_OK                  ? cake_command_failed("check", status, &error)
           : summary.failed || bench.left_out ? CAKE_EXIT_VERDICT
                                              : CAKE_EXIT_OK;
    if (status == CAKE_OK && bench.onnx.count)
        code = cake_check_onnx(&bench, verdicts, options.quiet, code);
    free(verdicts);
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    return code;
}
