/* layercake run: check every kernel, time those that are right, write the rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "report/context.h"
#include "report/journal.h"
#include "report/progress.h"
#include "report/table.h"
#include "run/interrupt.h"
#include "run/layers.h"

typedef struct runner {
    const cake_run_options *options;
    cake_journal *journal;
    cake_progress *progress;
    cake_rows rows; /* for the table at the end */
} runner;

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

static void note_missing(cake_context *context, const cake_layer *layer)
{
    char text[256];

    snprintf(text, sizeof text, "%s is missing in this kernel or container: %s does not hold", layer->name,
             layer->meaning);
    cake_context_note(context, "sandbox", text);
}

static cake_status write_context(const cake_bench *bench, const cake_run_options *options, const char *folder,
                                 int argc, char **argv, cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(bench->topology);
    cake_context *context = cake_context_new();
    cake_status status;

    if (!context)
        return cake_fail(error, CAKE_E_MEMORY, "no memory for " CAKE_CONTEXT_FILE);
    cake_context_add_system(context);
    cake_context_command(context, argc, argv);
    cake_context_integer(context, "run", "seed", options->seed);
    cake_context_text(context, "machine", "cpus_allowed", machine->cpus_allowed_list);
    cake_context_integer(context, "machine", "packages", machine->packages);
    cake_context_integer(context, "machine", "numa_nodes", machine->numa_nodes);
    cake_context_integer(context, "machine", "cores", machine->cores);
    cake_context_integer(context, "machine", "cpus", machine->cpus);
    cake_context_integer(context, "machine", "l1d_bytes", machine->l1d_bytes);
    cake_context_integer(context, "machine", "l2_bytes", machine->l2_bytes);
    cake_context_integer(context, "machine", "l3_bytes", machine->l3_bytes);
    for (size_t i = 0; i < bench->plugins.count; i++)
        cake_context_library(context, bench->plugins.infos[i].path, bench->plugins.infos[i].name);
    for (const cake_layer *layer = cake_layers; layer->bit; layer++)
        if (bench->plugins.layers & layer->bit)
            cake_context_append(context, "sandbox", "layers", layer->name);
        else
            note_missing(context, layer);
    status = cake_context_write(context, folder, error);
    cake_context_free(context);
    return status;
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

    if (status != CAKE_OK)
        return status;
    status = write_context(bench, options, cake_journal_folder(r.journal), argc, argv, error);
    if (status == CAKE_OK) {
        r.progress = cake_progress_new(2, bench->plan.count, options->quiet);
        run.observer = (cake_run_observer){&r, on_begin, on_row, on_skip};
        status = cake_run_all(&run, summary, error);
        cake_progress_end(r.progress);
        if (show(&r, &later) != CAKE_OK && status == CAKE_OK)
            fprintf(stderr, "layercake run: %s\n", later.text);
        if (!options->quiet)
            printf("%lld rows in %s/results.csv\n", (long long)cake_journal_rows(r.journal),
                   cake_journal_folder(r.journal));
    }
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
        status = run_plan(&bench, &options, argc, argv, &summary, &error);
    code = status != CAKE_OK ? cake_command_failed("run", status, &error)
           : summary.failed  ? CAKE_EXIT_VERDICT
                             : CAKE_EXIT_OK;
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    return code;
}
