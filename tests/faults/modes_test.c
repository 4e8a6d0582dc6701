/* The other ways to run: in this process, in place, paranoid, under a memory limit; and what ends a run early. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const char workload[] = "linear rows=4 in=33 out=17";

static const char *honest(void)
{
    static char path[512];

    snprintf(path, sizeof path, "%s/plugins/template.so", fault_build());
    return path;
}

static void expect_mode(const char *option, const char *plugin, const char *name, const char *mode,
                        const char *verdict)
{
    char folder[64];
    fault_ran ran;
    const cake_row *row;

    fault_make_folder(folder);
    ran = fault_run_program(folder, WORDS("run", option, "--plugin", plugin, "--repetitions", "3", "--min-time",
                                          "2ms", "--timeout", "5s", "--out", "out", workload));
    row = fault_row_of(&ran, name);
    cr_assert(row, "%s: %s", option, ran.said);
    cr_expect_str_eq(row->verdict, verdict, "%s: %s: %s", option, row->verdict, cake_row_string(row->reason));
    cr_expect_str_eq(row->mode, mode);
    cr_expect_eq(ran.code, strcmp(verdict, "ok") != 0, "%d: %s", ran.code, ran.said);
    cr_expect(fault_nobody_left());
    fault_ran_free(&ran);
    fault_remove_folder(folder);
}

Test(modes, are_told_in_the_row, .timeout = 120)
{
    expect_mode("--in-process", honest(), "template", "in-process", "ok");
    expect_mode("--load-in-place", honest(), "template", "worker+load-in-place", "ok");
    expect_mode("--paranoid", honest(), "template", "worker+paranoid", "ok");
}

Test(modes, still_judge, .timeout = 120)
{
    expect_mode("--in-process", fault_path("wrong"), "wrong", "in-process", "mismatch");
    expect_mode("--in-process", fault_path("warmup"), "warmup", "in-process", "stale-output");
    expect_mode("--load-in-place", fault_path("segv"), "segv", "worker+load-in-place", "crash");
    expect_mode("--paranoid", fault_path("audited"), "audited", "worker+paranoid", "mismatch");
}

/* A worker that is stopped by one signal ends with its run: finished rows stay, nobody is left. */
static void expect_ended_by(int number)
{
    char folder[64], csv[128];
    fault_ran ran;
    pid_t pid;

    fault_make_folder(folder);
    snprintf(csv, sizeof csv, "%s/out/results.csv", folder);
    pid = fault_start_program(folder, WORDS("run", "--plugin", honest(), "--repetitions", "3", "--min-time", "2ms",
                                            "--out", "out", workload, "linear rows=5 in=33 out=17", "--threads", "1",
                                            "--plugin", fault_path("hang"), "--timeout", "100s"));
    for (int tries = 0; tries < 2000 && access(csv, F_OK) != 0; tries++)
        usleep(10000);
    usleep(500000); /* in the middle of the call that never returns, or still on the way to it */
    cr_assert_eq(kill(pid, number), 0);
    ran = fault_finish_program(folder, pid);
    cr_expect_eq(ran.code, 130, "signal %d: exit code %d: %s", number, ran.code, ran.said);
    cr_expect(strstr(ran.said, "interrupted; what was measured is kept, 'layercake run --resume "), "%s", ran.said);
    cr_expect(fault_nobody_left(), "signal %d left a process", number);
    fault_ran_free(&ran);
    fault_remove_folder(folder);
}

Test(modes, interrupted_runs_leave_nobody, .timeout = 120)
{
    expect_ended_by(SIGINT);
    expect_ended_by(SIGTERM);
}

/* What the harness must hold for each worker is given back: many crashes on few descriptors. */
Test(modes, no_descriptor_is_lost, .timeout = 120)
{
    enum { WORKLOADS = 40 };
    static char texts[WORKLOADS][48];
    const char *words[WORKLOADS + 8] = {"check", "--plugin", fault_path("segv"), "--timeout", "5s"};
    char folder[64];
    fault_ran ran;
    struct rlimit few = {80, 80};

    fault_make_folder(folder);
    for (int i = 0; i < WORKLOADS; i++) {
        snprintf(texts[i], sizeof texts[i], "linear rows=%d in=5 out=3", i + 1);
        words[5 + i] = texts[i];
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    ran = fault_run_program(folder, words);
    cr_expect_eq(ran.code, 1, "%s", ran.said);
    cr_expect(strstr(ran.said, "40 cases: 0 ok, 0 unsupported, 40 failed"), "%s", ran.said);
    cr_expect_null(strstr(ran.said, "harness-error"), "%s", ran.said);
    cr_expect(fault_nobody_left());
    fault_ran_free(&ran);
    fault_remove_folder(folder);
}
