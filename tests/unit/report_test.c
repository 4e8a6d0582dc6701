#include "report/report.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/files.h"
#include "report_fixture.h"

TestSuite(report, .init = make_fixture, .fini = remove_fixture, .timeout = 60);

static char *make_report(const char *run, const char *format)
{
    cake_results results = {0};
    cake_error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(cake_results_open(&results, run, &error), CAKE_OK, "%s", error.text);
    cr_assert_str_eq(results.notes.data, "");
    cr_assert_not_null(cake_reporter_find(format));
    cr_assert_eq(cake_reporter_find(format)->write(&results, out, &error), CAKE_OK, "%s", error.text);
    fclose(out);
    cake_results_free(&results);
    return text;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

Test(report, every_reporter_has_a_word_for_each_row)
{
    const char *run = write_run("run", (fixture_options){0});

    for (const cake_reporter *reporter = cake_reporters; reporter->name; reporter++) {
        char *text = make_report(run, reporter->name);

        cr_assert_geq(count(text, "res3a"), 1, "%s", reporter->name);
        cr_assert_geq(count(text, "mismatch"), 1, "%s", reporter->name);
        cr_assert_geq(count(text, "unsupported"), 1, "%s", reporter->name);
        free(text);
    }
    cr_assert_null(cake_reporter_find("pdf"));
}

Test(report, csv_is_the_journal_again)
{
    const char *run = write_run("run", (fixture_options){0});
    char path[160], *again = make_report(run, "csv"), *data = NULL;
    cake_error error = {0};
    size_t size = 0;

    snprintf(path, sizeof path, "%s/results.csv", run);
    cr_assert_eq(cake_file_read(path, 1 << 24, &data, &size, &error), CAKE_OK);
    cr_assert_str_eq(again, data);
    free(again);
    free(data);
}

Test(report, json_is_google_benchmarks)
{
    char *text = make_report(write_run("run", (fixture_options){0}), "json");
    json_error_t where;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &where), *entry;
    size_t i, iterations = 0, aggregates = 0;

    cr_assert_not_null(root, "%d: %s", where.line, where.text);
    cr_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "context"), "host_name")), "test");
    json_array_foreach(json_object_get(root, "benchmarks"), i, entry)
    {
        const char *type = json_string_value(json_object_get(entry, "run_type"));

        cr_assert_not_null(json_object_get(entry, "run_name"));
        cr_assert(json_is_number(json_object_get(entry, "real_time")));
        cr_assert(json_is_number(json_object_get(entry, "cpu_time")));
        cr_assert_str_eq(json_string_value(json_object_get(entry, "time_unit")), "ns");
        cr_assert_null(json_object_get(entry, "cycles"), "an unknown counter is left out");
        iterations += strcmp(type, "iteration") == 0;
        aggregates += strcmp(type, "aggregate") == 0;
    }
    cr_assert_eq(iterations, 13 * FIXTURE_ROUNDS);
    cr_assert_eq(aggregates, 13 * 4);
    cr_assert_eq(json_array_size(json_object_get(root, "not_measured")), 2);
    entry = json_array_get(json_object_get(root, "benchmarks"), 0);
    cr_assert_str_eq(json_string_value(json_object_get(entry, "name")),
                     "conv2d/net:res2a/naive/direct/f32/warm/threads:1");
    cr_assert_eq(json_number_value(json_object_get(entry, "page_faults")), 0);
    json_decref(root);
    free(text);
}

/* Google Benchmark's own tool, where Debian's libbenchmark-tools and python3-scipy are installed (for Debian's
 * Python). */
Test(report, compare_py_takes_our_files)
{
    static const char tool[] = "/usr/share/benchmark/compare.py";
    char command[512], line[512];
    size_t size = 0, slower = 0, seen = 0;
    FILE *pipe;

    if (access(tool, R_OK) != 0 || system("/usr/bin/python3 -c 'import scipy' 2>/dev/null") != 0)
        cr_skip_test("compare.py or python3-scipy is not installed");
    for (int i = 0; i < 2; i++) {
        char *text =
            make_report(write_run(i ? "b" : "a", (fixture_options){.noise = 1, .factor = i ? 2 : 1}), "json");
        cake_error error = {0};

        cr_assert_eq(cake_file_replace(fixture_folder, i ? "b.json" : "a.json", text, strlen(text), &error), CAKE_OK);
        free(text);
    }
    snprintf(command, sizeof command, "/usr/bin/python3 -B %s --no-color benchmarks %s/a.json %s/b.json 2>&1", tool,
             fixture_folder, fixture_folder);
    pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    while (fgets(line, sizeof line, pipe)) {
        size += strlen(line);
        seen += strncmp(line, "conv2d/net:res2a/avx2/tiled/f32/warm/threads:1 ", 47) == 0;
        slower += strstr(line, "avx2/tiled") && strstr(line, "+1.0");
    }
    cr_assert_eq(pclose(pipe), 0);
    cr_assert_eq(seen, FIXTURE_ROUNDS);
    cr_assert_gt(slower, 5 * FIXTURE_ROUNDS / 2);
    cr_assert_gt(size, 1000);
}

/* What plugins and datasets call themselves must not become markup. */
Test(report, html_is_escaped_and_alone)
{
    char *text = make_report(write_run("run", (fixture_options){0}), "html");

    cr_assert_eq(count(text, "<script"), 0);
    cr_assert_eq(count(text, "&lt;script&gt;"), 2);
    cr_assert_eq(count(text, "a_<b>"), 0);
    cr_assert_geq(count(text, "a_&lt;b&gt;&amp;&quot;c&quot;"), 1);
    cr_assert_eq(count(text, "<svg "), 4);
    cr_assert_eq(count(text, "</svg>"), 4);
    cr_assert_eq(count(text, "<rect "), 13);
    cr_assert_eq(count(text, "http"), 0);
    cr_assert_eq(count(text, "nan"), 0, "%s", strstr(text, "nan"));
    free(text);
}

Test(report, markdown_is_escaped)
{
    char *text = make_report(write_run("run", (fixture_options){0}), "markdown");

    cr_assert_not_null(strstr(text, "a\\_&lt;b&gt;"), "%s", text);
    cr_assert_eq(count(text, "<script"), 0);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (line[0] == '|')
            cr_assert_eq(count(line, "|") - count(line, "\\|"), 8, "%s", line);
    free(text);
}

/* A run that was cut short, and one without samples and context, are reported as far as they go. */
Test(report, runs_cut_short_are_reported)
{
    const char *run = write_run("run", (fixture_options){0});
    cake_results results = {0};
    cake_error error = {0};
    char path[160];
    size_t n = 0;

    snprintf(path, sizeof path, "%s/results.csv", run);
    cr_assert_eq(truncate(path, 4000), 0);
    cr_assert_eq(cake_results_open(&results, run, &error), CAKE_OK, "%s", error.text);
    cr_assert_gt(results.rows.count, 2);
    cr_assert_lt(results.rows.count, 15);
    cr_assert_not_null(strstr(results.notes.data, "results.csv: line"), "%s", results.notes.data);
    cr_assert_not_null(cake_results_samples(&results, 0, &n));
    cr_assert_eq(n, FIXTURE_ROUNDS);
    cake_results_free(&results);
    snprintf(path, sizeof path, "%s/context.json", run);
    unlink(path);
    snprintf(path, sizeof path, "%s/samples.csv", run);
    unlink(path);
    cr_assert_eq(cake_results_open(&results, run, &error), CAKE_OK, "%s", error.text);
    cr_assert_null(cake_results_samples(&results, 0, &n));
    cr_assert_null(results.context);
    cr_assert_not_null(strstr(results.notes.data, "samples.csv"), "%s", results.notes.data);
    cake_results_free(&results);
    cr_assert_eq(cake_results_open(&results, fixture_folder, &error), CAKE_E_USAGE);
    cr_assert_not_null(strstr(error.text, "results.csv"), "%s", error.text);
}

Test(report, reports_in_files_are_whole)
{
    cake_results results = {0};
    cake_error error = {0};
    char path[160];

    cr_assert_eq(cake_results_open(&results, write_run("run", (fixture_options){0}), &error), CAKE_OK);
    snprintf(path, sizeof path, "%s/out.json", fixture_folder);
    cr_assert_eq(cake_report_write(cake_reporter_find("json"), &results, path, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(access(path, R_OK), 0);
    snprintf(path, sizeof path, "%s/missing/out.json", fixture_folder);
    cr_assert_eq(cake_report_write(cake_reporter_find("json"), &results, path, &error), CAKE_E_USAGE);
    cake_results_free(&results);
}
