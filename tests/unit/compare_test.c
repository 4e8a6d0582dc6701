#include "report/compare.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/by_op.h"
#include "report_fixture.h"

TestSuite(compare, .init = make_fixture, .fini = remove_fixture, .timeout = 120);

static void open_run(cake_results *results, const char *name, fixture_options options)
{
    cake_error error = {0};

    cr_assert_eq(cake_results_open(results, write_run(name, options), &error), CAKE_OK, "%s", error.text);
}

static void compare(cake_comparison *comparison, cake_compare_request request)
{
    cake_error error = {0};

    if (request.margin == 0)
        request.margin = -1;
    if (request.slower_by == 0)
        request.slower_by = NAN;
    cr_assert_eq(cake_comparison_make(comparison, &request, &error), CAKE_OK, "%s", error.text);
}

static const cake_compared *find_line(const cake_comparison *comparison, const char *workload, const char *plugin)
{
    for (size_t i = 0; i < comparison->n_lines; i++) {
        const cake_row *row = comparison->line[i].base ? comparison->line[i].base : comparison->line[i].now;

        if (strcmp(row->workload, workload) == 0 && strcmp(row->plugin, plugin) == 0)
            return &comparison->line[i];
    }
    cr_assert_fail("no line of %s by %s", workload, plugin);
    return NULL;
}

static size_t count_changes(const cake_comparison *comparison, cake_change change)
{
    size_t count = 0;

    for (size_t i = 0; i < comparison->n_lines; i++)
        count += comparison->line[i].change == change;
    return count;
}

/* Half as fast in one plugin: its five workloads and its network are slower, nothing else is. */
Test(compare, a_slower_plugin_is_found_between_runs)
{
    cake_results base, now;
    cake_comparison comparison;

    open_run(&base, "base", (fixture_options){.noise = 1});
    open_run(&now, "now", (fixture_options){.noise = 2, .factor = 1.5});
    compare(&comparison, (cake_compare_request){.base = &base, .now = &now, .slower_by = 0.05});
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_SLOWER), 5);
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_FASTER), 0);
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_NONE), 2);
    cr_assert_eq(find_line(&comparison, "fc", "avx2")->change, CAKE_CHANGE_SLOWER);
    cr_assert_str_eq(find_line(&comparison, "fc", "blas")->note, "ok in neither");
    cr_assert(comparison.gate_failed);
    cr_assert_eq(comparison.n_networks, 3);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(comparison.network[i].change == CAKE_CHANGE_SLOWER,
                     strcmp(comparison.network[i].now_plugin, "avx2") == 0);
    cr_assert_float_eq(comparison.network[2].now_ns / comparison.network[2].base_ns, 1.5, 1e-9);
    cr_assert_str_eq(comparison.notes.data, "13 of 15 lines can be compared\n");
    cake_comparison_free(&comparison);
    /* The other way round it is faster, and no gate fails. */
    compare(&comparison, (cake_compare_request){.base = &now, .now = &base, .slower_by = 0.05});
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_FASTER), 5);
    cr_assert_not(comparison.gate_failed);
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}

/* Ten per cent under 5 % noise and 20 % drift: over the baseline of the same rounds it shows every time, and the same
 * build is never called slower by more than one in twenty. */
Test(compare, ten_per_cent_shows_and_nothing_does_not)
{
    int shown = 0, false_alarms = 0;

    for (uint64_t try = 0; try < 20; try++) {
        cake_results base, now, same;
        cake_comparison comparison;
        char name[32];

        snprintf(name, sizeof name, "base%d", (int)try);
        open_run(&base, name, (fixture_options){.noise = 3 * try + 1});
        snprintf(name, sizeof name, "now%d", (int)try);
        open_run(&now, name, (fixture_options){.noise = 3 * try + 2, .factor = 1.1});
        snprintf(name, sizeof name, "same%d", (int)try);
        open_run(&same, name, (fixture_options){.noise = 3 * try + 3});
        compare(&comparison, (cake_compare_request){.base = &base, .now = &now, .over_baseline = true});
        shown += comparison.network[2].change == CAKE_CHANGE_SLOWER;
        cr_assert_str_eq(comparison.network[2].now_plugin, "avx2");
        cake_comparison_free(&comparison);
        compare(&comparison, (cake_compare_request){.base = &base, .now = &same, .over_baseline = true});
        false_alarms += count_changes(&comparison, CAKE_CHANGE_SLOWER) > 0;
        cake_comparison_free(&comparison);
        cake_results_free(&base);
        cake_results_free(&now);
        cake_results_free(&same);
    }
    cr_assert_eq(shown, 20);
    cr_assert_leq(false_alarms, 1);
}

Test(compare, plugins_of_one_run_are_paired_by_round)
{
    cake_results run;
    cake_comparison comparison;
    cake_error error = {0};
    cake_compare_request request = {
        .base = &run, .now = &run, .base_plugin = "blas", .now_plugin = "avx2/tiled", .margin = -1, .slower_by = NAN};

    open_run(&run, "run", (fixture_options){.noise = 1});
    compare(&comparison, request);
    cr_assert_eq(comparison.n_lines, 5);
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_FASTER), 3);
    cr_assert_eq(comparison.line[0].ratio.method, CAKE_RATIO_PAIRED);
    cr_assert_float_eq(comparison.line[0].ratio.ratio, 0.4, 0.02);
    cr_assert_str_eq(find_line(&comparison, "fc", "blas")->note, "fails in BASE");
    cr_assert_str_eq(find_line(&comparison, "bn1", "blas")->note, "unsupported in BASE");
    cr_assert_eq(comparison.n_networks, 1);
    cr_assert_eq(comparison.network[0].compared, 3);
    cr_assert_eq(comparison.network[0].layers, 5);
    cake_comparison_free(&comparison);
    request.now_plugin = "avx2/other";
    cr_assert_eq(cake_comparison_make(&comparison, &request, &error), CAKE_E_USAGE);
    cr_assert_not_null(strstr(error.text, "avx2/other"), "%s", error.text);
    request.now_plugin = "avx";
    cr_assert_eq(cake_comparison_make(&comparison, &request, &error), CAKE_E_USAGE);
    cake_results_free(&run);
}

/* Five pairs give no interval of 95 %, but all 25 ratios do; three samples a side are too few for any. */
Test(compare, few_samples_are_used_as_they_can)
{
    for (int kept = 3; kept <= 5; kept += 2) {
        cake_results run;
        cake_comparison comparison;

        open_run(&run, kept == 3 ? "three" : "five", (fixture_options){.noise = 1, .rounds = kept});
        compare(&comparison,
                (cake_compare_request){.base = &run, .now = &run, .base_plugin = "blas", .now_plugin = "avx2"});
        cr_expect_eq(comparison.line[0].change, kept == 5 ? CAKE_CHANGE_FASTER : CAKE_CHANGE_UNCLEAR);
        cr_expect_str_eq(comparison.line[0].note, kept == 5 ? "" : "too few samples");
        cake_comparison_free(&comparison);
        cake_results_free(&run);
    }
}

/* Two builds of a plugin in one run have one name; their hashes differ. */
Test(compare, builds_of_one_plugin_are_told_apart)
{
    cake_results run;
    cake_comparison comparison;
    cake_error error = {0};
    cake_compare_request request = {.base = &run,
                                    .now = &run,
                                    .base_plugin = "same@aaaa",
                                    .now_plugin = "same@bb/tiled",
                                    .margin = -1,
                                    .slower_by = NAN};

    open_run(&run, "run", (fixture_options){.noise = 1});
    for (size_t i = 0; i < run.rows.count; i++) {
        cake_row *row = &run.rows.row[i];
        bool is_new = strcmp(row->plugin, "avx2") == 0;

        cake_row_text(&row->plugin_sha256, is_new ? "bbbb0000" : "aaaa0000");
        if (is_new || strcmp(row->plugin, "blas") == 0)
            cake_row_text(&row->plugin, "same");
    }
    compare(&comparison, request);
    cr_assert_eq(count_changes(&comparison, CAKE_CHANGE_FASTER), 3);
    cake_comparison_free(&comparison);
    request.now_plugin = "same@c";
    cr_assert_eq(cake_comparison_make(&comparison, &request, &error), CAKE_E_USAGE);
    cake_results_free(&run);
}

static const cake_by_op *find_op(const cake_comparison *comparison, const char *op)
{
    for (size_t i = 0; i < comparison->n_ops; i++)
        if (strcmp(comparison->op[i].like->op, op) == 0)
            return &comparison->op[i];
    cr_assert_fail("no op %s", op);
    return NULL;
}

/* Against two others, each workload by the faster of them; blas lacks two of the network's five layers. */
Test(compare, a_plugin_is_compared_with_several_by_op_and_network)
{
    cake_results run;
    cake_comparison comparison;
    const cake_by_op *conv2d, *linear;
    double all = 0;

    open_run(&run, "run", (fixture_options){.noise = 1});
    for (size_t i = 0; i < run.rows.count; i++) {
        cake_row *row = &run.rows.row[i];

        if (strcmp(row->plugin, "avx2") != 0)
            continue;
        row->roofline_percent = strcmp(row->workload, "res2a") == 0 ? 90 : 50;
        all += row->time_ns_median * (double)row->count;
    }
    compare(&comparison,
            (cake_compare_request){.base = &run, .now = &run, .base_plugin = "naive,blas", .now_plugin = "avx2"});
    cr_assert_eq(comparison.n_lines, 5);
    conv2d = find_op(&comparison, "conv2d");
    cr_assert_eq(conv2d->compared, 2);
    cr_assert_eq(conv2d->workloads, 2);
    cr_assert_float_eq(conv2d->speedup, 2.5, 0.1);
    cr_assert_geq(conv2d->worst->ratio.ratio, 1 / conv2d->speedup);
    cr_assert_float_eq(conv2d->roofline, 70, 1e-9);
    cr_assert_float_eq(conv2d->roofline_worst, 50, 1e-9);
    cr_assert_eq(conv2d->slower, 0);
    linear = find_op(&comparison, "linear");
    cr_assert_float_eq(linear->speedup, 12.5, 0.5);
    cr_assert_eq(comparison.n_networks, 3);
    cr_assert_str_eq(comparison.network[0].base_plugin, "naive");
    cr_assert_str_eq(comparison.network[0].note, "the best");
    cr_assert_float_eq(comparison.network[0].now_ns, all, 1);
    cr_assert_str_eq(comparison.network[1].base_plugin, "blas");
    cr_assert_str_eq(comparison.network[1].note, "not all layers");
    cr_assert_eq(comparison.network[1].compared, 3);
    cr_assert_str_eq(comparison.network[2].base_plugin, "naive,blas");
    cr_assert_str_eq(comparison.network[2].note, "each layer's fastest");
    cr_assert_lt(comparison.network[2].base_ns, comparison.network[0].base_ns);
    cake_comparison_free(&comparison);
    cake_results_free(&run);
}

Test(compare, an_unknown_one_of_several_is_named)
{
    cake_results run;
    cake_comparison comparison;
    cake_error error = {0};
    cake_compare_request request = {.base = &run,
                                    .now = &run,
                                    .base_plugin = "naive,bla,avx2",
                                    .now_plugin = "avx2",
                                    .margin = -1,
                                    .slower_by = NAN};

    open_run(&run, "run", (fixture_options){.noise = 1});
    cr_assert_eq(cake_comparison_make(&comparison, &request, &error), CAKE_E_USAGE);
    cr_assert_not_null(strstr(error.text, "found 'bla'"), "%s", error.text);
    cake_results_free(&run);
}

/* avx2 has only fast kernels for half of the rows: what is left is compared, the rest is as if it had not run. */
Test(compare, fast_kernels_can_be_left_out)
{
    cake_results results;
    cake_comparison with, without;
    size_t fast = 0, compared = 0;

    open_run(&results, "a", (fixture_options){.seed = 1});
    for (size_t i = 0; i < results.rows.count; i++) {
        cake_row *row = &results.rows.row[i];

        if (strcmp(row->plugin, "avx2") == 0 && i % 2 == 0) {
            free(row->accuracy);
            row->accuracy = strdup("fast");
            fast++;
        }
    }
    compare(&with, (cake_compare_request){&results, &results, .base_plugin = "naive", .now_plugin = "avx2"});
    compare(&without, (cake_compare_request){&results, &results, .base_plugin = "naive", .now_plugin = "avx2",
                                             .without_fast = true});
    cr_assert_gt(fast, 0);
    cr_expect_eq(with.n_lines, without.n_lines);
    for (size_t i = 0; i < without.n_lines; i++) {
        compared += without.line[i].now != NULL;
        cr_expect(!without.line[i].now || strcmp(cake_row_string(without.line[i].now->accuracy), "fast") != 0);
        cr_expect_not_null(with.line[i].now);
    }
    cr_expect_eq(compared, with.n_lines - fast);
    cake_comparison_free(&with);
    cake_comparison_free(&without);
    cake_results_free(&results);
}

Test(compare, chosen_tables_are_written)
{
    cake_results run;
    cake_comparison comparison;
    cake_error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    open_run(&run, "run", (fixture_options){.noise = 1});
    compare(&comparison, (cake_compare_request){.base = &run,
                                                .now = &run,
                                                .base_plugin = "naive,blas",
                                                .now_plugin = "avx2",
                                                .tables = CAKE_COMPARE_OPS | CAKE_COMPARE_NETWORKS});
    cr_assert_eq(cake_compare_markdown(&comparison, out, &error), CAKE_OK);
    fclose(out);
    cr_assert_not_null(strstr(text, "## Ops"), "%s", text);
    cr_assert_not_null(strstr(text, "## Networks"), "%s", text);
    cr_assert_null(strstr(text, "## Workloads"), "%s", text);
    cr_assert_null(strstr(text, "## Plugins"), "%s", text);
    free(text);
    cake_comparison_free(&comparison);
    cake_results_free(&run);
}

Test(compare, plugins_are_ranked_by_op)
{
    cake_results run;
    cake_groups groups = {0};
    cake_rank *ranks = NULL;
    size_t count = 0;

    open_run(&run, "run", (fixture_options){0});
    cr_assert_eq(cake_groups_make(&groups, &run.rows), CAKE_OK);
    cr_assert_eq(cake_rank_plugins(&groups, &ranks, &count), CAKE_OK);
    cr_assert_eq(count, 3 + 2 + 3 + 2);
    cr_assert_str_eq(ranks[0].op, "conv2d");
    cr_assert_str_eq(ranks[0].plugin, "avx2");
    cr_assert_float_eq(ranks[0].score, 1, 1e-9);
    cr_assert_str_eq(ranks[1].plugin, "blas");
    cr_assert_float_eq(ranks[1].score, 0.4, 1e-9);
    cr_assert_eq(ranks[1].workloads, 2);
    free(ranks);
    cake_groups_free(&groups);
    cake_results_free(&run);
}

Test(compare, what_differs_is_said)
{
    cake_results base, now;
    cake_comparison comparison;

    open_run(&base, "base", (fixture_options){0});
    open_run(&now, "now", (fixture_options){.cpu = "Other CPU", .dataset = "other", .plugin = "fresh"});
    cake_row_text(&now.rows.row[2].machine_flags, "steal");
    compare(&comparison, (cake_compare_request){.base = &base, .now = &now});
    cr_assert_not_null(strstr(comparison.notes.data, "1 of 15 rows of NEW were measured on a disturbed machine"),
                       "%s", comparison.notes.data);
    cr_assert_not_null(strstr(comparison.notes.data, "the machine (CPU) differs: BASE Test CPU, NEW Other CPU\n"),
                       "%s", comparison.notes.data);
    cr_assert_not_null(strstr(comparison.notes.data, "the dataset net is only in BASE\n"), "%s",
                       comparison.notes.data);
    cr_assert_not_null(strstr(comparison.notes.data, "the dataset other is only in NEW\n"), "%s",
                       comparison.notes.data);
    cr_assert_not_null(strstr(comparison.notes.data, "0 of 30 lines can be compared\n"), "%s", comparison.notes.data);
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}

/* Without samples the medians' intervals have to do; a run that was cut short is compared as far as it goes. */
Test(compare, runs_cut_short_are_compared)
{
    cake_results base, now;
    cake_comparison comparison;
    cake_error error = {0};
    char path[160];

    open_run(&base, "base", (fixture_options){0});
    open_run(&now, "now", (fixture_options){.factor = 2});
    snprintf(path, sizeof path, "%s/samples.csv", now.path);
    unlink(path);
    snprintf(path, sizeof path, "%s/results.csv", now.path);
    cr_assert_eq(truncate(path, 4000), 0);
    strcpy(path, now.path);
    cake_results_free(&now);
    cr_assert_eq(cake_results_open(&now, path, &error), CAKE_OK, "%s", error.text);
    compare(&comparison, (cake_compare_request){.base = &base, .now = &now});
    cr_assert_eq(find_line(&comparison, "res2a", "avx2")->change, CAKE_CHANGE_SLOWER);
    cr_assert_eq(find_line(&comparison, "res2a", "avx2")->ratio.method, CAKE_RATIO_SUMMARY);
    cr_assert_str_eq(find_line(&comparison, "bn1", "avx2")->note, "only in BASE");
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}

/* The gate needs the whole interval beyond it, not only the estimate. */
Test(compare, the_gate_takes_whole_intervals)
{
    cake_results base, now;
    cake_comparison comparison;
    cake_compare_request request = {.base = &base, .now = &now, .over_baseline = true, .slower_by = 0.03};

    open_run(&base, "base", (fixture_options){.noise = 1});
    open_run(&now, "now", (fixture_options){.noise = 2, .factor = 1.1});
    compare(&comparison, request);
    cr_assert_gt(find_line(&comparison, "res3a", "avx2")->ratio.ratio, 1.08);
    cr_assert(find_line(&comparison, "res3a", "avx2")->gated);
    cr_assert(comparison.gate_failed);
    cake_comparison_free(&comparison);
    request.slower_by = 0.08;
    compare(&comparison, request);
    cr_assert_not(find_line(&comparison, "res3a", "avx2")->gated);
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}

/* What was ok and fails now cannot be slower, but fails the gate. */
Test(compare, new_failures_fail_the_gate)
{
    cake_results base, now;
    cake_comparison comparison;

    open_run(&base, "base", (fixture_options){0});
    open_run(&now, "now", (fixture_options){.noise = 1});
    cake_row_text(&now.rows.row[0].verdict, "crash");
    compare(&comparison, (cake_compare_request){.base = &base, .now = &now, .slower_by = 0.5});
    cr_assert_str_eq(find_line(&comparison, "res2a", "naive")->note, "fails in NEW");
    cr_assert(comparison.gate_failed);
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}

Test(compare, every_format_tells_it)
{
    cake_results base, now;
    cake_comparison comparison;

    open_run(&base, "base", (fixture_options){.noise = 1});
    open_run(&now, "now", (fixture_options){.noise = 2, .factor = 1.5});
    compare(&comparison, (cake_compare_request){.base = &base, .now = &now});
    for (const cake_compare_format *format = cake_compare_formats; format->name; format++) {
        cake_error error = {0};
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);

        cr_assert_eq(format->write(&comparison, out, &error), CAKE_OK, "%s", error.text);
        fclose(out);
        cr_assert_not_null(strstr(text, "res3a"), "%s", text);
        cr_assert_not_null(strstr(text, "slower"), "%s", text);
        cr_assert_null(strstr(text, "nan"), "%s", text);
        if (strcmp(format->name, "json") == 0) {
            json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

            cr_assert_eq(json_array_size(json_object_get(root, "workloads")), 15);
            cr_assert_eq(json_array_size(json_object_get(root, "networks")), 3);
            cr_assert_eq(json_array_size(json_object_get(root, "notes")), 1);
            json_decref(root);
        }
        if (strcmp(format->name, "csv") == 0) {
            cake_csv_record record = {0};
            size_t consumed, at = 0, lines = 0;

            for (; at < size; at += consumed, lines++) {
                cr_assert_eq(cake_csv_read(text + at, size - at, &record, &consumed, &error), CAKE_OK);
                cr_assert_eq(record.count, 20);
            }
            cr_assert_eq(lines, 1 + 15 + 3 + comparison.n_ranks);
            cake_csv_record_free(&record);
        }
        free(text);
    }
    cake_comparison_free(&comparison);
    cake_results_free(&base);
    cake_results_free(&now);
}
