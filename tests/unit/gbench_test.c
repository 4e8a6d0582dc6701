#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/gbench.h"

/* What a report function saw. */
typedef struct seen {
    int repetitions, aggregates;
    int64_t iterations;
    double real_time_ns, median_ns, cv, counter;
    char name[64], full_name[128], error[128], label[64];
} seen;

static void record(const cake_gbench_result *result, void *user)
{
    seen *s = user;

    snprintf(s->name, sizeof s->name, "%s", result->name);
    snprintf(s->full_name, sizeof s->full_name, "%s", result->full_name);
    snprintf(s->label, sizeof s->label, "%s", result->label);
    if (result->error)
        snprintf(s->error, sizeof s->error, "%s", result->error);
    if (result->n_counters > 0)
        s->counter = result->counters[0].value;
    if (!result->aggregate) {
        s->repetitions++;
        s->iterations = result->iterations;
        s->real_time_ns = result->real_time_ns;
        return;
    }
    s->aggregates++;
    cr_expect_eq(result->repetition, -1);
    if (!strcmp(result->aggregate, "median"))
        s->median_ns = result->real_time_ns;
    if (!strcmp(result->aggregate, "cv")) {
        cr_expect(result->is_share);
        s->cv = result->real_time_ns;
    }
}

/* Claims `ns` for each iteration, in batches of `limit`. */
typedef struct claim {
    double ns;
    int64_t limit;
    int64_t iterations, batches;
} claim;

static void claim_time(cake_gbench_state *state, void *user)
{
    claim *c = user;
    int64_t n;

    while ((n = cake_gbench_next_batch(state, c->limit)) > 0) {
        c->iterations += n;
        c->batches++;
        cake_gbench_set_time(state, (double)n * c->ns * 1e-9);
    }
}

static void no_work(cake_gbench_state *state, void *user)
{
    (void)user;
    while (cake_gbench_next_batch(state, 0) > 0)
        continue;
}

static void init(char *flag)
{
    char *argv[] = {"test", flag, NULL};
    int argc = flag ? 2 : 1;
    cake_gbench_error error = {""};

    cr_assert(cake_gbench_init(&argc, argv, &error), "%s", error.text);
    cr_assert_eq(argc, 1);
}

Test(gbench, flags_are_taken_and_the_rest_is_left)
{
    char *argv[] = {
        "test", "run", "--benchmark_filter=a", "--threads", "--benchmark_bogus=1", "--benchmark_repetitions=2", NULL};
    int argc = 6;
    cake_gbench_error error = {""};

    cr_assert(cake_gbench_init(&argc, argv, &error), "%s", error.text);
    cr_assert_eq(argc, 4);
    cr_assert_str_eq(argv[1], "run");
    cr_assert_str_eq(argv[2], "--threads");
    cr_assert_str_eq(argv[3], "--benchmark_bogus=1");
    cr_assert_null(argv[4]);
}

Test(gbench, wrong_values_are_refused_and_argv_is_left)
{
    static const char *const wrong[] = {
        "--benchmark_repetitions=0",
        "--benchmark_repetitions=-1",
        "--benchmark_repetitions",
        "--benchmark_min_time=x",
        "--benchmark_min_time=0",
        "--benchmark_min_time=-1",
        "--benchmark_min_time=nan",
        "--benchmark_min_time=1m",
        "--benchmark_format=xml",
        "--benchmark_out_format=yaml",
        "--benchmark_filter=(",
        "--benchmark_out=/nonexistent/file",
        "--benchmark_report_aggregates_only=2",
        "--benchmark_out=",
        "--benchmark_time_unit=h",
        "--benchmark_context=novalue",
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char flag[64];
        char *argv[] = {"test", "keep", flag, NULL};
        int argc = 3;
        cake_gbench_error error = {""};

        snprintf(flag, sizeof flag, "%s", wrong[i]);
        cr_expect_not(cake_gbench_init(&argc, argv, &error), "%s", wrong[i]);
        cr_expect(strstr(error.text, "benchmark_"), "%s: %s", wrong[i], error.text);
        cr_expect_eq(argc, 3);
        cr_expect_str_eq(argv[2], wrong[i]);
    }
}

Test(gbench, manual_time_is_the_time)
{
    claim c = {.ns = 125, .limit = 7};
    seen s = {0};
    cake_gbench_options options = {.manual_time = true, .iterations = 100, .repetitions = 1};

    cr_assert(cake_gbench_run_one("fixed", &options, claim_time, &c, record, &s, NULL));
    cr_assert_eq(s.repetitions, 1);
    cr_assert_eq(s.aggregates, 0);
    cr_assert_eq(s.iterations, 100);
    cr_assert_eq(c.iterations, 100);
    cr_assert_eq(c.batches, 15); /* 14 of 7, one of 2 */
    cr_assert_float_eq(s.real_time_ns, 125, 1e-6);
    cr_assert_str_eq(s.name, "fixed");
    cr_assert_str_eq(s.full_name, "fixed/iterations:100/repeats:1/manual_time");
    cr_assert_str_eq(s.error, "");
}

Test(gbench, iterations_grow_until_the_minimal_time)
{
    claim c = {.ns = 1000};
    seen s = {0};
    cake_gbench_options options = {.manual_time = true, .min_time_s = 0.25};

    cr_assert(cake_gbench_run_one("grow", &options, claim_time, &c, record, &s, NULL));
    cr_assert_geq(s.iterations, 250000);
    cr_assert_leq(s.iterations, 10 * 250000);
    cr_assert_gt(c.iterations, s.iterations, "there were trials");
}

Test(gbench, min_time_flag_in_seconds_or_iterations)
{
    claim c = {.ns = 1000};
    cake_gbench_options options = {.manual_time = true};
    static char *const flags[] = {"--benchmark_min_time=0.25", "--benchmark_min_time=0.25s",
                                  "--benchmark_min_time=77x"};

    for (int i = 0; i < 3; i++) {
        seen s = {0};

        init(flags[i]);
        cr_assert(cake_gbench_run_one("flag", &options, claim_time, &c, record, &s, NULL));
        if (i < 2)
            cr_expect_geq(s.iterations, 250000);
        else
            cr_expect_eq(s.iterations, 77);
    }
}

Test(gbench, repetitions_have_aggregates)
{
    claim c = {.ns = 50};
    seen s = {0};
    cake_gbench_options options = {.manual_time = true, .iterations = 10, .repetitions = 3};

    cr_assert(cake_gbench_run_one("many", &options, claim_time, &c, record, &s, NULL));
    cr_assert_eq(s.repetitions, 3);
    cr_assert_geq(s.aggregates, 3);
    cr_assert_float_eq(s.median_ns, 50, 1e-6);
    cr_assert_float_eq(s.cv, 0, 1e-6);
}

Test(gbench, registered_ones_run_by_filter_any_number_of_times)
{
    claim a = {.ns = 1}, b = {.ns = 2};
    cake_gbench_options options = {.manual_time = true, .iterations = 1};
    cake_gbench_error error = {""};
    seen s = {0};

    cr_assert(cake_gbench_register("conv2d n=1 (a+b)", &options, claim_time, &a, NULL));
    cr_assert(cake_gbench_register("linear", &options, claim_time, &b, NULL));
    for (int i = 0; i < 3; i++)
        cr_assert_eq(cake_gbench_run(NULL, record, &s, NULL), 2);
    cr_assert_eq(a.iterations, 3);
    cr_assert_eq(cake_gbench_run("^lin", record, &s, NULL), 1);
    cr_assert_eq(b.iterations, 4);
    cr_assert_eq(cake_gbench_run("-lin", record, &s, NULL), 1);
    cr_assert_eq(a.iterations, 4);
    cr_assert_eq(cake_gbench_run("none", record, &s, NULL), 0);
    cr_assert_eq(cake_gbench_run("(", record, &s, &error), -1);
    cr_assert(strstr(error.text, "regular expression"));
    cr_assert(cake_gbench_run_one("other", &options, claim_time, &a, record, &s, NULL));
    cr_assert_eq(a.iterations, 5);
    cr_assert_eq(b.iterations, 4, "run_one leaves the registered ones alone");
    cake_gbench_clear();
    cr_assert_eq(cake_gbench_run(NULL, record, &s, NULL), 0);
}

static void tell(cake_gbench_state *state, void *user)
{
    (void)user;
    while (cake_gbench_next_batch(state, 0) > 0)
        cake_gbench_set_time(state, 2.0);
    cake_gbench_set_counter(state, "calls", 40, CAKE_GBENCH_PER_ITERATION);
    cake_gbench_set_label(state, "a label");
}

Test(gbench, counters_and_labels_arrive)
{
    seen s = {0};
    cake_gbench_options options = {.manual_time = true, .iterations = 10, .repetitions = 1};

    cr_assert(cake_gbench_run_one("tell", &options, tell, NULL, record, &s, NULL));
    cr_assert_float_eq(s.counter, 4, 1e-9);
    cr_assert_str_eq(s.label, "a label");
}

static void skip_in_second_batch(cake_gbench_state *state, void *user)
{
    int *batches = user;

    while (cake_gbench_next_batch(state, 10) > 0) {
        if (++*batches == 2)
            cake_gbench_skip(state, "the worker crashed");
        else
            cake_gbench_set_time(state, 1e-6);
    }
}

static void return_early(cake_gbench_state *state, void *user)
{
    (void)user;
    cake_gbench_next_batch(state, 1);
    cake_gbench_set_time(state, 1);
}

static void skip_at_once(cake_gbench_state *state, void *user)
{
    (void)user;
    cake_gbench_skip(state, "no such kernel");
}

static void bad_time(cake_gbench_state *state, void *user)
{
    (void)user;
    while (cake_gbench_next_batch(state, 1) > 0)
        cake_gbench_set_time(state, NAN);
}

Test(gbench, errors_are_reported)
{
    static const struct {
        cake_gbench_function *function;
        const char *error;
    } cases[] = {
        {skip_in_second_batch, "the worker crashed"},
        {return_early, "returned before its iterations were done"},
        {skip_at_once, "no such kernel"},
        {no_work, "did not set the manual time"},
        {bad_time, "must be finite"},
    };
    cake_gbench_options options = {.manual_time = true, .iterations = 100};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int batches = 0;
        seen s = {0};

        cr_assert(cake_gbench_run_one("fails", &options, cases[i].function, &batches, record, &s, NULL));
        cr_expect(strstr(s.error, cases[i].error), "expected '%s', found '%s'", cases[i].error, s.error);
        cr_expect_leq(batches, 2);
    }
}

static void nested(cake_gbench_state *state, void *user)
{
    cake_gbench_error *error = user;

    no_work(state, NULL);
    cr_expect_eq(cake_gbench_run(NULL, NULL, NULL, error), -1);
    cr_expect_not(cake_gbench_run_one("inner", NULL, no_work, NULL, NULL, NULL, error));
}

Test(gbench, misuse_is_refused)
{
    cake_gbench_error error = {""};
    cake_gbench_options both = {.iterations = 3, .min_time_s = 1}, negative = {.repetitions = -1};
    cake_gbench_options once = {.iterations = 1};
    seen s = {0};

    cr_assert_not(cake_gbench_register("", NULL, no_work, NULL, &error));
    cr_assert_not(cake_gbench_register("both", &both, no_work, NULL, &error));
    cr_assert(strstr(error.text, "found both"), "%s", error.text);
    cr_assert_not(cake_gbench_register("negative", &negative, no_work, NULL, &error));
    cr_assert(cake_gbench_run_one("outer", &once, nested, &error, record, &s, NULL));
    cr_assert(strstr(error.text, "running already"), "%s", error.text);
}

Test(gbench, out_file_collects_every_run)
{
    char path[] = "/tmp/gbench-test-XXXXXX", flag[64], text[16384];
    claim c = {.ns = 50};
    cake_gbench_options options = {.manual_time = true, .iterations = 10, .repetitions = 1};
    seen s = {0};
    FILE *file;
    size_t size;
    int fd = mkstemp(path);

    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(flag, sizeof flag, "--benchmark_out=%s", path);
    init(flag);
    cr_assert(cake_gbench_run_one("first", &options, claim_time, &c, record, &s, NULL));
    cr_assert(cake_gbench_run_one("second", &options, claim_time, &c, record, &s, NULL));
    cr_assert(cake_gbench_finish(NULL));
    cr_assert(cake_gbench_run_one("third", &options, claim_time, &c, record, &s, NULL));
    cr_assert(cake_gbench_finish(NULL), "nothing left to finish");

    file = fopen(path, "r");
    cr_assert_not_null(file);
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    remove(path);
    cr_assert(strstr(text, "\"context\""));
    cr_assert(strstr(text, "first/iterations:10"));
    cr_assert(strstr(text, "second/iterations:10"));
    cr_assert_null(strstr(text, "third"));
    cr_assert_str_eq(text + strlen(text) - 6, "  ]\n}\n", "complete JSON");
}

Test(gbench, version_is_known)
{
    cr_assert(strchr(cake_gbench_version(), '.'));
}
