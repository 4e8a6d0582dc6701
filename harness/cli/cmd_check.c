/* layercake check: is every kernel right? */
#include <stdio.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "report/progress.h"
#include "run/interrupt.h"

typedef struct checker {
    const cake_run_options *options;
    cake_progress *progress;
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

/* One line a case; a failure with the line that repeats it. */
static cake_status on_row(void *user, cake_row *row, const cake_sample *samples, size_t n_samples, cake_error *error)
{
    const checker *c = user;
    cake_verdict verdict = cake_verdict_find(row->verdict);
    bool fails = verdict < CAKE_VERDICT_COUNT && cake_verdicts[verdict].fails;

    (void)samples;
    (void)n_samples;
    (void)error;
    cake_progress_done(c->progress, row);
    if (c->options->quiet && !fails)
        return CAKE_OK;
    printf("%s %s %s/%s %s '%s %s'", fails ? "FAIL" : "    ", row->plugin, row->op, row->kernel, row->verdict,
           row->op, row->params);
    if (verdict == CAKE_V_OK)
        printf("  error %.3g bounds\n", row->error_in_bounds);
    else if (!fails)
        printf("  %s\n", row->reason ? row->reason : "");
    else
        printf(
            "\n     %s\n     repeat: layercake check --plugin %s --kernel %s/%s --threads %lld --seed %lld '%s %s'\n",
            row->reason ? row->reason : "", row->plugin, row->op, row->kernel, (long long)row->threads,
            (long long)row->seed, row->op, row->params);
    return CAKE_OK;
}

int cake_cmd_check(int argc, char **argv)
{
    cake_run_options options = {0};
    cake_bench bench = {0};
    cake_run_summary summary;
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
    if (status == CAKE_OK) {
        checker c = {&options, cake_progress_new(2, bench.plan.count, true)};
        cake_run run = cake_bench_run(&bench, &options, false);

        run.observer = (cake_run_observer){.user = &c, .begin = on_begin, .row = on_row};
        status = cake_run_all(&run, &summary, &error);
        cake_progress_end(c.progress);
        if (status == CAKE_OK)
            printf("%zu cases: %zu ok, %zu unsupported, %zu failed\n", summary.rows, summary.verdicts[CAKE_V_OK],
                   summary.verdicts[CAKE_V_UNSUPPORTED],
                   summary.rows - summary.verdicts[CAKE_V_OK] - summary.verdicts[CAKE_V_UNSUPPORTED]);
    }
    code = status != CAKE_OK                  ? cake_command_failed("check", status, &error)
           : summary.failed || bench.left_out ? CAKE_EXIT_VERDICT
                                              : CAKE_EXIT_OK;
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    return code;
}
