/* The results of runs from outside: resumed after any end, reported, compared. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "base/status.h"
#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum { WORKLOADS = 12 };

static char folder[64];

static void set_up(void)
{
    char path[96];
    FILE *dataset;

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/small.txt", folder);
    dataset = fopen(path, "w");
    cr_assert_not_null(dataset);
    for (int i = 1; i <= WORKLOADS; i++)
        fprintf(dataset, "linear name=fc%d count=%d rows=32 in=%d out=64\n", i, i, 64 + i);
    fclose(dataset);
}

static void tear_down(void)
{
    cake_remove_folder(folder);
}

TestSuite(results, .init = set_up, .fini = tear_down, .timeout = 300);

static void expect(const char *const *words, int code, const char *out, const char *err)
{
    cake_said said = cake_run_program(folder, words);

    cr_expect_eq(said.code, code, "'%s' exited with %d: %s", words[0], said.code, said.err);
    cr_expect(strstr(said.out, out), "'%s' said: %s", words[0], said.out);
    cr_expect(strstr(said.err, err), "'%s' said: %s", words[0], said.err);
    cake_said_free(&said);
}

static void run_small(const char *out)
{
    expect(WORDS("run", "--plugin", "naive", "--dataset", "./small.txt", "--min-time", "1ms", "--repetitions", "7",
                 "--quiet", "--out", out),
           0, "", "");
}

/* How many rows the run has; each workload at most once. */
static int count_rows(const char *run)
{
    char path[128], *text;
    int rows = -1;

    snprintf(path, sizeof path, "%s/%s/results.csv", folder, run);
    text = cake_read_text(path);
    for (const char *line = text; (line = strchr(line, '\n')); line++)
        rows++;
    for (int i = 1; i <= WORKLOADS; i++) {
        char name[16];
        int seen = 0;

        snprintf(name, sizeof name, ",fc%d,", i);
        for (const char *at = text; (at = strstr(at, name)); at++)
            seen++;
        cr_expect_leq(seen, 1, "%s is there %d times", name, seen);
    }
    free(text);
    return rows;
}

Test(results, runs_are_reported)
{
    run_small("a");
    expect(WORDS("report", "a"), 0, "12 rows: 12 ok", "");
    expect(WORDS("report", "a/results.csv"), 0, "12 rows: 12 ok", "");
    expect(WORDS("report", "a", "--json"), 0, "\"name\": \"linear/small:fc12/naive/", "");
    expect(WORDS("report", "a", "--format", "html", "--out", "a.html"), 0, "", "");
    expect(WORDS("report", "a", "--format", "htm"), CAKE_EXIT_USAGE, "", "did you mean 'html'?");
    expect(WORDS("report", "a", "b"), CAKE_EXIT_USAGE, "", "expected one run, found 'b' too");
    expect(WORDS("report", "nowhere"), CAKE_EXIT_USAGE, "", "nowhere: No such file or directory");
    expect(WORDS("report", "a", "--out", "nowhere/x.txt"), CAKE_EXIT_USAGE, "", "nowhere");
    expect(WORDS("report"), CAKE_EXIT_USAGE, "", "results/latest");
}

Test(results, runs_are_compared)
{
    run_small("a");
    run_small("b");
    expect(WORDS("compare", "a", "b"), 0, "fc12", "");
    expect(WORDS("compare", "a", "b", "--format", "json"), 0, "\"networks\"", "");
    expect(WORDS("compare", "a", "b", "--fail-on", "slower:1000%"), 0, "fc12", "");
    expect(WORDS("compare", "naive", "naive", "--run", "a", "--format", "csv"), 0, ",1,1,1,0.95,", "");
    expect(WORDS("compare", "naive,naive/loops", "naive", "--run", "a", "--tables", "ops,networks"), 0,
           "Networks, each layer", "");
    expect(WORDS("compare", "a", "b", "--tables", "ops,network"), CAKE_EXIT_USAGE, "", "found 'network'");
    expect(WORDS("compare", "a"), CAKE_EXIT_USAGE, "", "expected BASE and NEW");
    expect(WORDS("compare", "a", "nowhere"), CAKE_EXIT_USAGE, "", "nowhere: No such file or directory");
    expect(WORDS("compare", "naive", "other", "--run", "a"), CAKE_EXIT_USAGE, "", "found 'other'");
    expect(WORDS("compare", "a", "b", "--fail-on", "slower"), CAKE_EXIT_USAGE, "", "expected slower:5%");
    expect(WORDS("compare", "a", "b", "--format", "pdf"), CAKE_EXIT_USAGE, "", "expected one of text, csv");
}

Test(results, what_is_printed_can_be_chosen)
{
    expect(WORDS("run", "--plugin", "naive", "--min-time", "1ms", "--format", "json", "--out", "a",
                 "--benchmark_out=b.csv", "--benchmark_out_format=csv", "linear rows=32 in=64 out=64"),
           0, "\"benchmarks\": [", "");
    expect(WORDS("report", "b.csv"), 0, "1 row: 1 ok", "");
    expect(WORDS("run", "--plugin", "naive", "--format", "pdf", "linear in=3 out=4"), CAKE_EXIT_USAGE, "",
           "expected one of table");
}

/* Killed at any moment, over and over: resuming adds what is missing, loses nothing, and does nothing twice. */
Test(results, killed_runs_are_resumed)
{
    cake_random random = {11};
    char path[128];
    struct stat info;
    int before = 0, attempts = 0;

    snprintf(path, sizeof path, "%s/a/results.csv", folder);
    while (before < WORKLOADS && attempts < 40) {
        bool begun = stat(path, &info) == 0;
        pid_t pid = begun ? cake_start_program(folder, WORDS("run", "--resume", "a"))
                          : cake_start_program(folder, WORDS("run", "--plugin", "naive", "--dataset", "./small.txt",
                                                             "--min-time", "2ms", "--out", "a"));
        int now;

        usleep((useconds_t)(30000 + cake_random_below(&random, 700000)));
        kill(pid, SIGKILL);
        cr_assert_eq(waitpid(pid, NULL, 0), pid);
        if (stat(path, &info) != 0)
            continue;
        now = count_rows("a");
        now = now > 0 ? now : 0; /* killed before the header was there */
        cr_assert_geq(now, before, "%d rows, then %d", before, now);
        before = now;
        attempts++;
        /* Killed before context.json was there: nothing is measured yet, and the command is not known. */
        snprintf(path, sizeof path, "%s/a/context.json", folder);
        if (stat(path, &info) != 0)
            cake_remove_folder(folder), set_up();
        snprintf(path, sizeof path, "%s/a/results.csv", folder);
    }
    expect(WORDS("run", "--resume", "a"), 0, "12 rows: 12 ok", "");
    cr_expect_eq(count_rows("a"), WORKLOADS);
    expect(WORDS("run", "--resume=a"), 0, "12 rows: 12 ok", "");
    cr_expect_eq(count_rows("a"), WORKLOADS);
    expect(WORDS("run", "--resume", "nowhere"), CAKE_EXIT_USAGE, "", "nowhere");
    expect(WORDS("run", "--out", "a", "linear in=1 out=1", "--plugin", "naive"), CAKE_EXIT_USAGE, "", "--resume");
}

/* Beside --resume only what the program says may be chosen anew, not what is measured. */
Test(results, resumed_runs_may_talk_differently)
{
    run_small("a");
    expect(WORDS("run", "--quiet", "--resume", "a"), 0, "", "");
    expect(WORDS("run", "--resume", "a", "--quiet=false"), 0, "12 rows: 12 ok", "");
    expect(WORDS("run", "--resume", "a", "--quiet=false", "--format", "json"), 0, "\"benchmarks\": [", "");
    expect(WORDS("run", "--resume", "a", "--benchmark_format=csv"), 0, "linear,small,fc12", "");
    expect(WORDS("run", "--resume", "a", "--quiet", "--quiet"), CAKE_EXIT_USAGE, "", "expected --quiet once");
    expect(
        WORDS("run", "--resume", "a", "--repetitions=9"), CAKE_EXIT_USAGE, "",
        "expected nothing but --format, --benchmark-out, --benchmark-out-format, --quiet beside --resume, which goes "
        "on with the command that the run was begun with; found '--repetitions=9'");
    expect(WORDS("run", "--plugin", "naive", "--resume", "a"), CAKE_EXIT_USAGE, "", "found '--plugin'");
    expect(WORDS("run", "--resume", "a", "linear in=3 out=4"), CAKE_EXIT_USAGE, "", "found 'linear in=3 out=4'");
    expect(WORDS("run", "--resume", "a", "--resume", "b"), CAKE_EXIT_USAGE, "", "expected --resume once");
    expect(WORDS("run", "--resume"), CAKE_EXIT_USAGE, "", "expected DIR after --resume");
    cr_expect_eq(count_rows("a"), WORKLOADS);
}
