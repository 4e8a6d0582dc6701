/* layercake run: check every kernel, time those that are right, write the rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "cli/resume.h"
#include "cli/run_context.h"
#include "report/journal.h"
#include "report/progress.h"
#include "report/report.h"
#include "run/interrupt.h"

typedef struct runner {
    const cake_run_options *options;
    const cake_reporter *reporter; /* of what is printed in the end */
    cake_journal *journal;
    cake_progress *progress;
    cake_context *context;
} runner;

/* Goes to the context, written again at the end. */
static void on_note(void *user, const char *about, const char *text)
{
    const runner *r = user;

    cake_context_note(r->context, about, text);
}

static void on_begin(void *user, const cake_case *item, const char *stage, size_t done, size_t total)
{
    const runner *r = user;
    char what[256];

    (void)done;
    (void)total;
    snprintf(what, sizeof what, "%s %s %s/%s %s", stage, item->plugin->name, item->workload->op->name,
             item->kernel->name, item->workload->name);
    cake_progress_begin(r->progress, what);
}

static cake_status on_row(void *user, cake_row *row, const cake_sample *samples, size_t n_samples, cake_error *error)
{
    runner *r = user;
    cake_status status = cake_journal_append(r->journal, row, samples, n_samples, error);

    cake_progress_done(r->progress, row);
    return status;
}

static bool on_skip(void *user, const cake_row *row)
{
    const runner *r = user;

    return cake_journal_has(r->journal, row);
}

/* What the user asked to see of the folder's rows, those of an earlier part of the run too. */
static cake_status show(const runner *r, cake_run_summary *summary, cake_error *error)
{
    const cake_run_options *options = r->options;
    const cake_reporter *benchmark = cake_reporter_find(options->benchmark_out_json ? "json" : "csv");
    cake_results results = {0};
    cake_status status = cake_results_open(&results, cake_journal_folder(r->journal), error);

    for (size_t i = 0; status == CAKE_OK && i < results.rows.count; i++)
        summary->failed = summary->failed || cake_row_fails(&results.rows.row[i]);
    if (status == CAKE_OK && options->benchmark_out)
        status = cake_report_write(benchmark, &results, options->benchmark_out, error);
    if (status == CAKE_OK && !options->quiet) {
        if (!options->format)
            printf("\n");
        status = cake_report_write(r->reporter, &results, NULL, error);
    }
    if (status == CAKE_OK && !options->quiet && !options->format)
        printf("%zu row%s in %s/" CAKE_ROWS_FILE "\n", results.rows.count, results.rows.count == 1 ? "" : "s",
               results.path);
    cake_results_free(&results);
    return status;
}

static cake_status run_plan(cake_bench *bench, const cake_run_options *options, const cake_reporter *reporter,
                            const cake_text_list *words, cake_run_summary *summary, cake_error *error)
{
    runner r = {.options = options, .reporter = reporter};
    cake_journal_options where = {.out = options->resume ? NULL : options->out, .resume = options->resume};
    cake_run run = cake_bench_run(bench, options, true);
    cake_error later = {""};
    cake_status status = cake_journal_open(&r.journal, &where, error);

    run.peaks = bench->peaks.count ? &bench->peaks : NULL;
    /* A folder that cannot be written is the command's mistake; nothing has been measured yet. */
    if (status != CAKE_OK)
        return status == CAKE_E_IO ? CAKE_E_USAGE : status;
    if (error->text[0]) /* what resuming cut away */
        fprintf(stderr, "%s\n", error->text);
    r.context = cake_run_context_make(bench, options, (int)words->count, words->items);
    if (r.context)
        cake_run_context_doctor(r.context, bench->topology, "before");
    status = r.context ? cake_context_write(r.context, cake_journal_folder(r.journal), error)
                       : cake_fail(error, CAKE_E_MEMORY, "no memory for " CAKE_CONTEXT_FILE);
    if (status == CAKE_OK) {
        r.progress = cake_progress_new(2, bench->plan.count, options->quiet);
        cake_progress_skip(r.progress, (size_t)cake_journal_rows(r.journal));
        run.observer =
            (cake_run_observer){.user = &r, .note = on_note, .begin = on_begin, .row = on_row, .skip = on_skip};
        status = cake_run_all(&run, summary, error);
        if (status == CAKE_INTERRUPTED)
            cake_fail(error, status, "interrupted; what was measured is kept, 'layercake run --resume %s' goes on",
                      cake_journal_folder(r.journal));
        cake_progress_end(r.progress);
        cake_run_context_doctor(r.context, bench->topology, "after");
        /* Again, with what the workers had to say. */
        if (cake_context_write(r.context, cake_journal_folder(r.journal), &later) != CAKE_OK)
            fprintf(stderr, "layercake run: %s\n", later.text);
        if (show(&r, summary, &later) != CAKE_OK && status == CAKE_OK)
            fprintf(stderr, "layercake run: %s\n", later.text);
    }
    cake_context_free(r.context);
    cake_journal_close(r.journal);
    return status;
}

int cake_cmd_run(int argc, char **argv)
{
    cake_run_options options = {0};
    cake_bench bench = {0};
    cake_run_summary summary = {0};
    cake_error error = {""};
    cake_text_list words = {0};
    char *resume = NULL;
    const cake_reporter *reporter = NULL;
    cake_status status = cake_resume_words(argc, argv, &words, &resume, &error);
    int code;

    if (status == CAKE_OK)
        status = cake_run_options_parse(cake_run_option_groups, (int)words.count, words.items, &options, &error);
    if (status != CAKE_OK) {
        cake_text_list_free(&words);
        free(resume);
        return cake_command_failed("run", status, &error);
    }
    options.resume = resume;
    cake_interrupt_watch();
    status = cake_reporter_choose(options.format ? options.format : "table", &reporter, &error);
    if (status == CAKE_OK)
        status = cake_bench_open(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_counters(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_load(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_plan(&bench, &options, &error);
    if (status == CAKE_OK)
        cake_bench_measure(&bench, &options);
    if (status == CAKE_OK)
        status = run_plan(&bench, &options, reporter, &words, &summary, &error);
    code = status != CAKE_OK                  ? cake_command_failed("run", status, &error)
           : summary.failed || bench.left_out ? CAKE_EXIT_VERDICT
                                              : CAKE_EXIT_OK;
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    cake_text_list_free(&words);
    return code;
}
