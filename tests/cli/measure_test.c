/* What `run` measures, and how it can be told to: caches, counters, precision, pages. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "program.h"
#include "report/results.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static char folder[64];

static void set_up(void)
{
    cake_make_folder(folder);
}

static void tear_down(void)
{
    cake_remove_folder(folder);
}

TestSuite(measure, .init = set_up, .fini = tear_down, .timeout = 300);

/* Run, and read the rows that it left in `out`; the caller frees them. */
static cake_results run(const char *const *words, const char *out)
{
    cake_said said = cake_run_program(folder, words);
    cake_results results = {0};
    cake_error error = {""};
    char path[128];

    cr_expect_eq(said.code, 0, "exited with %d: %s", said.code, said.err);
    snprintf(path, sizeof path, "%s/%s", folder, out);
    cr_assert_eq(cake_results_open(&results, path, &error), CAKE_OK, "%s", error.text);
    cake_said_free(&said);
    return results;
}

static void refuse(const char *const *words, const char *text)
{
    cake_said said = cake_run_program(folder, words);

    cr_expect_eq(said.code, CAKE_EXIT_USAGE, "exited with %d: %s", said.code, said.err);
    cr_expect(strstr(said.err, text), "said: %s", said.err);
    cake_said_free(&said);
}

static bool warns(const cake_row *row, const char *word)
{
    return strstr(cake_row_string(row->warnings), word) != NULL;
}

/* 1 MiB is copied out of the cache, or out of memory after it was evicted. On a busy machine the cache is others' too:
 * three tries. */
Test(measure, cold_caches_are_cold)
{
    static const char *const out[] = {"a", "b", "c"};
    bool slower = false;

    for (int i = 0; i < 3 && !slower; i++) {
        cake_results results =
            run(WORDS("run", "--plugin", "naive", "--cache", "warm,cold,weights", "--min-time", "5ms",
                      "--repetitions", "9", "--quiet", "--out", out[i], "embedding rows=256 vocab=256 dim=1024"),
                out[i]);
        const cake_row *row = results.rows.row;

        cr_assert_eq(results.rows.count, 3);
        for (size_t r = 0; r < 3; r++)
            cr_expect_str_eq(row[r].verdict, "ok", "%s", cake_row_string(row[r].reason));
        cr_expect_str_eq(row[0].cache, "warm");
        cr_expect_str_eq(row[1].cache, "cold");
        cr_expect_str_eq(row[2].cache, "weights");
        slower = row[1].time_ns_min > row[0].time_ns_min && row[2].time_ns_min > row[0].time_ns_min;
        cake_results_free(&results);
    }
    cr_expect(slower);
}

/* Simulated counts are the same each time, to the last digit. */
Test(measure, valgrind_counts_the_same_twice)
{
    static const char *const out[] = {"a", "b"};
    cake_results results[2];

    if (access("/usr/bin/valgrind", X_OK) != 0 || getenv("WITHOUT_VALGRIND"))
        cr_skip_test("needs Valgrind, and a worker that it can run");
    for (int i = 0; i < 2; i++) {
        results[i] =
            run(WORDS("run", "--plugin", "naive", "--counters", "valgrind", "--min-time", "1ms", "--repetitions", "5",
                      "--seed", "3", "--quiet", "--out", out[i], "linear rows=8 in=64 out=64", "softmax axis=100"),
                out[i]);
        cr_assert_eq(results[i].rows.count, 2);
    }
    for (int i = 0; i < 2; i++) {
        const cake_row *a = &results[0].rows.row[i], *b = &results[1].rows.row[i];

        cr_expect_str_eq(cake_row_string(a->counter_source), "valgrind", "%s", cake_row_string(a->warnings));
        cr_expect_gt(a->instructions, 0);
        cr_expect_eq(a->instructions, b->instructions);
        cr_expect_eq(a->l1d_misses, b->l1d_misses);
        cr_expect_eq(a->branch_misses, b->branch_misses);
        cr_expect(isnan(a->cycles) || a->cycles > 0);
    }
    /* The textbook's loop: a load, a multiplication, an addition and the loop itself for each of the products. */
    cr_expect_gt(results[0].rows.row[0].instructions, 3 * 8 * 64 * 64);
    cr_expect_lt(results[0].rows.row[0].instructions, 30 * 8 * 64 * 64);
    for (int i = 0; i < 2; i++)
        cake_results_free(&results[i]);
}

Test(measure, a_run_keeps_how_the_machine_was)
{
    cake_results results = run(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--repetitions", "3", "--quiet",
                                     "--out", "a", "linear rows=1 in=1 out=1"),
                               "a");
    char path[128], *text;

    snprintf(path, sizeof path, "%s/a/context.json", folder);
    text = cake_read_text(path);
    cr_expect(strstr(text, "\"doctor\"") && strstr(text, "\"before\"") && strstr(text, "\"after\""), "%s", text);
    cr_expect(strstr(text, "governor: "), "%s", text);
    free(text);
    cake_results_free(&results);
}

Test(measure, counters_by_name)
{
    cake_results results =
        run(WORDS("run", "--plugin", "naive", "--counters", "perf::MINOR-FAULTS,perf::CPU-CLOCK", "--min-time", "1ms",
                  "--repetitions", "5", "--quiet", "--out", "a", "linear rows=8 in=64 out=64"),
            "a");
    const char *extra;

    cr_assert_eq(results.rows.count, 1);
    extra = cake_row_string(results.rows.row[0].counters_extra);
    cr_expect(strstr(extra, "perf::MINOR-FAULTS="), "%s", extra);
    cr_expect(strstr(extra, "perf::CPU-CLOCK="), "%s", extra);
    cake_results_free(&results);
    refuse(WORDS("run", "--plugin", "naive", "--counters", "PAPI_NOPE", "linear rows=1 in=1 out=1"),
           "unknown counter 'PAPI_NOPE'");
}

/* It is counted, or the program says why not. */
Test(measure, a_counter_that_nothing_counts_is_told)
{
    cake_said said =
        cake_run_program(folder, WORDS("run", "--plugin", "naive", "--counters", "PAPI_TOT_INS", "--max-time", "1ms",
                                       "--format", "csv", "--out", "a", "linear in=3 out=4"));
    bool told = strstr(said.err, "layercake: nothing counts PAPI_TOT_INS here, its cells stay empty: ");

    cr_expect_eq(said.code, 0, "%s", said.err);
    cr_expect_neq(told, strstr(said.out, "PAPI_TOT_INS=") != NULL, "%s%s", said.err, said.out);
    cake_said_free(&said);
}

Test(measure, a_row_that_is_not_precise_says_so)
{
    cake_results results =
        run(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--max-time", "3ms", "--precision", "0.0001%",
                  "--random-order", "--quiet", "--out", "a", "linear rows=8 in=64 out=64"),
            "a");

    cr_assert_eq(results.rows.count, 1);
    cr_expect(warns(&results.rows.row[0], "imprecise"), "%s", cake_row_string(results.rows.row[0].warnings));
    cr_expect_geq(results.rows.row[0].repetitions, 3);
    cake_results_free(&results);
    results = run(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--repetitions", "6", "--precision",
                        "0.0001%", "--quiet", "--out", "b", "linear rows=8 in=64 out=64"),
                  "b");
    cr_assert_eq(results.rows.count, 1);
    cr_expect(!warns(&results.rows.row[0], "imprecise"), "as many as were asked for are enough");
    cr_expect_eq(results.rows.row[0].repetitions, 6);
    cr_expect(isnan(results.rows.row[0].clock_ghz) || results.rows.row[0].clock_ghz > 0.2);
    cake_results_free(&results);
}

#ifdef CAKE_OPENMP

/* The row of a kernel; fails if there is none. */
static const cake_row *row_of(const cake_results *results, const char *kernel)
{
    for (size_t i = 0; i < results->rows.count; i++)
        if (strcmp(cake_row_string(results->rows.row[i].kernel), kernel) == 0)
            return &results->rows.row[i];
    cr_assert_fail("no row of %s", kernel);
    return NULL;
}

/* With --tune kernels that choose run, and say which of the plugin's kernels they took; without, they do when they are
 * asked for by name. */
Test(measure, what_a_kernel_chose_is_told)
{
    static const char line[] = "conv2d ic=16 ih=14 iw=14 oc=16 kh=3 kw=3 pad=1";
    cake_results results = run(WORDS("run", "--plugin", CAKE_OPENMP, "--tune", "--min-time", "1ms", "--repetitions",
                                     "3", "--quiet", "--out", "a", line),
                               "a");
    const char *choice = cake_row_string(row_of(&results, "auto")->choice), *space = strchr(choice, ' ');
    char kernel[32];

    snprintf(kernel, sizeof kernel, "%.*s", space ? (int)(space - choice) : (int)strlen(choice), choice);
    cr_expect(cake_row_is_ok(row_of(&results, kernel)), "%s", choice);
    cr_expect_str_eq(cake_row_string(row_of(&results, "auto-fast")->verdict), "ok");
    cr_expect_neq(cake_row_string(row_of(&results, "auto-fast")->choice)[0], '\0');
    cr_expect_str_eq(cake_row_string(row_of(&results, kernel)->choice), "");
    cake_results_free(&results);
    results = run(WORDS("run", "--plugin", CAKE_OPENMP, "--min-time", "1ms", "--repetitions", "3", "--quiet", "--out",
                        "b", line),
                  "b");
    for (size_t i = 0; i < results.rows.count; i++)
        cr_expect_neq(strncmp(results.rows.row[i].kernel, "auto", 4), 0, "%s ran", results.rows.row[i].kernel);
    cake_results_free(&results);
    results = run(WORDS("run", "--plugin", CAKE_OPENMP, "--kernel", "auto", "--min-time", "1ms", "--repetitions", "3",
                        "--quiet", "--out", "c", line),
                  "c");
    cr_assert_eq(results.rows.count, 1);
    cr_expect_eq(strncmp(cake_row_string(results.rows.row[0].choice), "direct", 6), 0, "%s",
                 cake_row_string(results.rows.row[0].choice));
    cake_results_free(&results);
}

/* A layout that a kernel refuses for this problem is followed by the one it likes next, if none was asked for. */
Test(measure, the_next_layout_is_tried)
{
    static const char line[] = "pool2d kind=max c=3 ih=9 iw=9 k=3";
    cake_results results = run(WORDS("run", "--plugin", CAKE_OPENMP, "--kernel", "auto", "--min-time", "1ms",
                                     "--repetitions", "3", "--quiet", "--out", "a", line),
                               "a");

    cr_assert_eq(results.rows.count, 1);
    cr_expect_str_eq(cake_row_string(results.rows.row[0].verdict), "ok");
    cr_expect_str_eq(cake_row_string(results.rows.row[0].layout), "nchw");
    cr_expect_str_eq(cake_row_string(results.rows.row[0].choice), "planes");
    cake_results_free(&results);
    results = run(WORDS("run", "--plugin", CAKE_OPENMP, "--kernel", "auto", "--layout", "nhwc", "--min-time", "1ms",
                        "--repetitions", "3", "--quiet", "--out", "b", line),
                  "b");
    cr_assert_eq(results.rows.count, 1);
    cr_expect_str_eq(cake_row_string(results.rows.row[0].verdict), "unsupported");
    cr_expect(strstr(cake_row_string(results.rows.row[0].reason), "faster in nchw"), "%s",
              cake_row_string(results.rows.row[0].reason));
    cake_results_free(&results);
}

#endif

/* Huge pages are a matter of the system's; what is off is off. */
Test(measure, huge_pages_can_be_off)
{
    cake_results results = run(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--repetitions", "3", "--quiet",
                                     "--huge-pages", "off", "--out", "a", "activation kind=relu elements=1000000"),
                               "a");

    cr_assert_eq(results.rows.count, 1);
    cr_expect_str_eq(cake_row_string(results.rows.row[0].page_size), "4k");
    cake_results_free(&results);
    results = run(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--repetitions", "3", "--quiet", "--out",
                        "b", "activation kind=relu elements=1000000"),
                  "b");
    cr_expect(strcmp(cake_row_string(results.rows.row[0].page_size), "2m") == 0 ||
                  access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) != 0,
              "%s", cake_row_string(results.rows.row[0].page_size));
    cake_results_free(&results);
}
