/* kill -9 of the program at random moments, resumed each time until it is done: no row is lost or doubled, nobody is
 * left. KILLS in the environment sets how often; 20 without it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "program.h"

enum { WORKLOADS = 24, RUN_MS = 1500 };

/* Whole lines of a file. */
static long count_lines(const char *folder)
{
    char path[128];
    long lines = 0;
    FILE *file;
    int c;

    snprintf(path, sizeof path, "%s/out/results.csv", folder);
    file = fopen(path, "r");
    while (file && (c = getc(file)) != EOF)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

static bool has_run(const char *folder)
{
    char path[128];
    struct stat st;

    /* The context comes last: without it there is nothing to resume. */
    snprintf(path, sizeof path, "%s/out/context.json", folder);
    return stat(path, &st) == 0 && count_lines(folder) > 0;
}

static pid_t start(const char *folder, bool resume)
{
    static char texts[WORKLOADS][48], plugin[512];
    const char *words[WORKLOADS + 16] = {"run", "--plugin", plugin, "--repetitions", "2",  "--quiet", "--min-time",
                                         "1ms", "--seed",   "7",    "--out",         "out"};
    char command[128];

    if (resume)
        return fault_start_program(folder, (const char *const[]){"run", "--resume", "out", NULL});
    snprintf(command, sizeof command, "rm -rf '%s/out'", folder);
    cr_assert_eq(system(command), 0);
    snprintf(plugin, sizeof plugin, "%s/plugins/template.so", fault_build());
    for (int i = 0; i < WORKLOADS; i++) {
        snprintf(texts[i], sizeof texts[i], "linear rows=%d in=9 out=5", i + 2);
        words[12 + i] = texts[i];
    }
    return fault_start_program(folder, words);
}

static void expect_each_once(const fault_ran *ran)
{
    int seen[WORKLOADS + 2] = {0};

    cr_expect_eq(ran->results.rows.count, WORKLOADS, "%zu rows: %s", ran->results.rows.count, ran->said);
    for (size_t i = 0; i < ran->results.rows.count; i++) {
        const cake_row *row = &ran->results.rows.row[i];
        int rows = 0;

        cr_expect_str_eq(row->verdict, "ok", "%s: %s", row->verdict, cake_row_string(row->reason));
        cr_assert_eq(sscanf(row->params, "rows=%d", &rows), 1);
        cr_assert(rows >= 2 && rows <= WORKLOADS + 1);
        cr_expect_eq(seen[rows]++, 0, "rows=%d is there twice", rows);
    }
}

Test(killed, at_random_moments_and_resumed, .timeout = 3600)
{
    const char *wanted = getenv("KILLS");
    int kills = wanted ? atoi(wanted) : 20, done = 0, runs = 0;
    cake_random random = {(uint64_t)getpid()};
    char folder[64];

    fault_make_folder(folder);
    for (bool resume = false; done < kills;) {
        long before = resume ? count_lines(folder) : 0;
        pid_t pid = start(folder, resume);
        int status;

        usleep((useconds_t)cake_random_below(&random, RUN_MS * 1000));
        if (waitpid(pid, &status, WNOHANG) == 0) {
            kill(pid, SIGKILL);
            cr_assert_eq(waitpid(pid, &status, 0), pid);
            done++;
        } else {
            cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
        }
        cr_expect(fault_nobody_left(), "kill %d left a process", done);
        cr_expect_geq(count_lines(folder), before, "kill %d lost a row", done);
        /* Go on with this run until it is whole, then with the next. */
        resume = has_run(folder);
        if (WIFEXITED(status) || (resume && count_lines(folder) > WORKLOADS) || done == kills) {
            fault_ran ran = fault_finish_program(folder, start(folder, resume));

            cr_expect_eq(ran.code, 0, "resumed: exit code %d: %s", ran.code, ran.said);
            expect_each_once(&ran);
            cr_expect(fault_nobody_left());
            fault_ran_free(&ran);
            resume = false;
            runs++;
        }
    }
    fprintf(stderr, "%d kills over %d whole runs\n", done, runs);
    fault_remove_folder(folder);
}
