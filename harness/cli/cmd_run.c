/* layercake run: check every kernel, time those that are right, write the rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "cli/run_context.h"
#include "report/journal.h"
#include "report/progress.h"
#include "report/table.h"
#include "run/interrupt.h"

typedef struct runner {
    const cake_run_options *options;
    cake_journal *journal;
    cake_progress *progress;
    cake_context *context;
    cake_rows rows; /* for the table at the end */
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

static cake_status keep_row(cake_rows *rows, const cake_row *row)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
        cake_row *more = realloc(rows->row, capacity * sizeof *more);

        if (!more)
            return CAKE_E_MEMORY;
        rows->row = more;
        rows->capacity = capacity;
    }
    cake_row_init(&rows->row[rows->count]);
    if (cake_row_copy(&rows->row[rows->count], row) != CAKE_OK)
        return CAKE_E_MEMORY;
    rows->count++;
    return CAKE_OK;
}

static cake_status on_row(void *user, cake_row *row, const cake_sample *samples, size_t n_samples, cake_error *error)
{
    runner *r = user;
    cake_status status = cake_journal_append(r->journal, row, samples, n_samples, error);

    cake_progress_done(r->progress, row);
    if (status == CAKE_OK && keep_row(&r->rows, row) != CAKE_OK)
        status = cake_fail(error, CAKE_E_MEMORY, "no memory for the table of rows");
    return status;
}

static bool on_skip(void *user, const cake_row *row)
{
    const runner *r = user;

    return cake_journal_has(r->journal, row);
}

/* The rows of the folder as a table. */
static cake_status show(const runner *r, cake_error *error)
{
    if (r->options->quiet)
        return CAKE_OK;
    printf("\n");
    return cake_table_print(&r->rows, cake_table_style_for(stdout), stdout, error);
}

static cake_status run_plan(const cake_bench *bench, const cake_run_options *options, int argc, char **argv,
                            cake_run_summary *summary, cake_error *error)
{
    runner r = {.options = options};
    cake_journal_options where = {.out = options->out};
    cake_run run = cake_bench_run(bench, options, true);
    cake_error later = {""};
    cake_status status = cake_journal_open(&r.journal, &where, error);

    /* A folder that cannot be written is the command's mistake; nothing has been measured yet. */
    if (status != CAKE_OK)
        return status == CAKE_E_IO ? CAKE_E_USAGE : status;
    r.context = cake_run_context_make(bench, options, argc, argv);
    status = r.context ? cake_context_write(r.context, cake_journal_folder(r.journal), error)
                       : cake_fail(error, CAKE_E_MEMORY, "no memory for " CAKE_CONTEXT_FILE);
    if (status == CAKE_OK) {
        r.progress = cake_progress_new(2, bench->plan.count, options->quiet);
        run.observer =
            (cake_run_observer){.user = &r, .note = on_note, .begin = on_begin, .row = on_row, .skip = on_skip};
        status = cake_run_all(&run, summary, error);
        cake_progress_end(r.progress);
        /* Again, with what the workers had to say. */
        if (cake_context_write(r.context, cake_journal_folder(r.journal), &later) != CAKE_OK)
            fprintf(stderr, "layercake run: %s\n", later.text);
        if (show(&r, &later) != CAKE_OK && status == CAKE_OK)
            fprintf(stderr, "layercake run: %s\n", later.text);
        if (!options->quiet)
            printf("%lld rows in %s/results.csv\n", (long long)cake_journal_rows(r.journal),
                   cake_journal_folder(r.journal));
    }
    cake_context_free(r.context);
    cake_rows_free(&r.rows);
    cake_journal_close(r.journal);
    return status;
}

int cake_cmd_run(int argc, char **argv)
{
    cake_run_options options = {0};
    cake_bench bench = {0};
    cake_run_summary summary = {0};
    cake_error error = {""};
    cake_status status = cake_run_options_parse(cake_run_option_groups, argc, argv, &options, &error);
    int code;

    if (status != CAKE_OK)
        return cake_command_failed("run", status, &error);
    cake_interrupt_watch();
    status = cake_bench_open(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_load(&bench, &options, &error);
    if (status == CAKE_OK)
        status = cake_bench_plan(&bench, &options, &error);
    if (status == CAKE_OK)
        cake_bench_measure(&bench, &options);
    if (status == CAKE_OK)
        status = run_plan(&bench, &options, argc, argv, &summary, &error);
    code = status != CAKE_OK ? cake_command_failed("run", status, &error)
           : summary.failed  ? CAKE_EXIT_VERDICT
                             : CAKE_EXIT_OK;
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    return code;
}
