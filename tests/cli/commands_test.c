/* What the program answers to commands, right and wrong: messages and exit codes. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/command.h"
#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void expect_in(const char *folder, const char *const *words, int code, const char *text)
{
    cake_said said = cake_run_program(folder, words);
    const char *where = code == 0 ? said.out : said.err;

    cr_expect_eq(said.code, code, "'%s %s' exited with %d: %s", words[0], words[0] ? words[1] : "", said.code,
                 said.err);
    cr_expect(strstr(where, text), "'%s %s' said: %s", words[0], words[0] ? words[1] : "", where);
    cake_said_free(&said);
}

static void expect(const char *const *words, int code, const char *text)
{
    expect_in(NULL, words, code, text);
}

static void refuse(const char *const *words, const char *text)
{
    expect(words, CAKE_EXIT_USAGE, text);
}

/* A command with a wrong workload. */
static void refuse_workload(const char *workload, const char *text)
{
    refuse(WORDS("check", "--plugin", "naive", workload), text);
}

Test(help, is_shown_without_arguments_and_for_each_command)
{
    expect((const char *const[]){NULL}, 0, "Examples:");
    expect(WORDS("--help"), 0, "Examples:");
    expect(WORDS("help"), 0, "Examples:");
    expect(WORDS("--version"), 0, "layercake ");
    for (const cake_command *command = cake_commands; command->verb; command++) {
        char usage[64];

        snprintf(usage, sizeof usage, "Usage: layercake %s", command->verb);
        expect(WORDS("help", command->verb), 0, usage);
        expect(WORDS(command->verb, "--help"), 0, usage);
    }
    refuse(WORDS("help", "chekc"), "did you mean 'check'?");
}

/* The screen's examples do what they say; the one without arguments takes minutes and has `./dev bench`. */
Test(help, its_examples_work, .timeout = 300)
{
    cake_said said = cake_run_program(NULL, (const char *const[]){NULL});
    char folder[64];
    int tried = 0;

    cake_make_folder(folder);
    for (const char *line = said.out; (line = strstr(line, "\n  layercake ")) != NULL;) {
        char text[256], *words[32] = {NULL}, *save = NULL;
        int count = 0;

        line += strlen("\n  layercake ");
        snprintf(text, sizeof text, "%.*s", (int)strcspn(line, "\n"), line);
        if (strcmp(text, "run") == 0)
            continue;
        for (char *word = strtok_r(text, " ", &save); word && count < 30; word = strtok_r(NULL, " ", &save)) {
            words[count++] = word;
            if (word[0] != '\'')
                continue;
            /* A quoted workload: up to the closing quote. */
            words[count - 1] = word + 1;
            word[strlen(word)] = ' ';
            save = strchr(word + 1, '\'');
            cr_assert_not_null(save);
            *save++ = '\0';
        }
        expect_in(folder, (const char *const *)words, 0, "");
        tried++;
    }
    cr_expect_eq(tried, 2);
    cake_said_free(&said);
    cake_remove_folder(folder);
}

Test(list, tells_what_there_is, .timeout = 300)
{
    expect(WORDS("list", "ops"), 0, "conv2d");
    expect(WORDS("list", "ops", "conv2d"), 0, "pad=...");
    expect(WORDS("list", "datasets"), 0, "resnet50 ");
    expect(WORDS("list", "workloads"), 0, "name=resnet50_conv1 ");
    expect(WORDS("list", "workloads", "resnet50"), 0, "conv2d name=res2a_branch2b count=3 ic=64");
    expect(WORDS("list", "plugins", "naive"), 0, "plugins/naive.so");
    expect(WORDS("list", "kernels", "naive"), 0, "conv2d/");
    expect(WORDS("list", "machine"), 0, "cores");
    expect(WORDS("list", "counters", "perf::PAGE-FAULTS"), 0, "page faults");
    expect(WORDS("list", "columns"), 0, "time_ns_median");
    refuse(WORDS("list"), "expected one of ops, ");
    refuse(WORDS("list", "plugin"), "found 'plugin'; did you mean 'plugins'?");
    refuse(WORDS("list", "ops", "conv2f"), "found 'conv2f'; did you mean 'conv2d'?");
    expect(WORDS("list", "ops"), 0, "conv1d               short for conv2d with ih=1 kh=1");
    refuse(WORDS("list", "datasets", "x"), "expected nothing after 'datasets', found 'x'");
    refuse(WORDS("list", "workloads", "resnet51"), "found 'resnet51'; did you mean 'resnet50'?");
    refuse(WORDS("list", "counters", "PAPI_NONE"), "PAPI_NONE");
}

static void write_bytes(const char *path, const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);

    cr_assert(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
    close(fd);
}

/* Another program's input files: read, counted, run. */
Test(benchdnn, files_are_run_and_listed, .timeout = 300)
{
    char folder[64], path[128];
    cake_said said;

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/shapes", folder);
    write_bytes(path, "--dir=FWD_D,BWD_D ic3ih8oc4_kh3n\"a\"\n", 36);
    said = cake_run_program(NULL, WORDS("check", "--plugin", "naive", "--benchdnn", "conv", "--batch", path));
    cr_expect_eq(said.code, 0, "%s", said.err);
    cr_expect(strstr(said.out, "'conv2d n=2 ic=3 ih=8 iw=8 oc=4 k=3'"), "%s", said.out);
    cr_expect(strstr(said.out, "1 case: 1 ok"), "%s", said.out);
    cr_expect(strstr(said.err, "layercake: benchdnn: 2 problems, 1 workloads"), "%s", said.err);
    cr_expect(strstr(said.err, "1 out of scope: backward, such as"), "%s", said.err);
    cake_said_free(&said);
    expect(WORDS("list", "workloads", "--benchdnn", "conv", "--batch", path), 0,
           "conv2d name=a n=2 ic=3 ih=8 iw=8 oc=4 k=3\n# benchdnn: 2 problems, 1 workloads\n");
    refuse(WORDS("check", "--benchdnn", "conv"), "expected --benchdnn and --batch together, found --benchdnn alone");
    refuse(WORDS("list", "ops", "--benchdnn", "conv", "--batch", path), "after 'workloads' alone");
    refuse(WORDS("check", "--benchdnn", "pool", "--batch", path), ":1:25: expected a key of pool");
    write_bytes(path, "--dir=BWD_D ic3ih8oc4_kh3\n", 26);
    refuse(WORDS("run", "--benchdnn", "conv", "--batch", path),
           "expected problems that are layers here, found none of 1; out of scope: backward");
    cake_remove_folder(folder);
}

Test(check, plugins_give_the_published_numbers, .timeout = 300)
{
    cake_said said = cake_run_program(NULL, WORDS("check", "--dataset", "golden/lecture"));

    cr_expect_eq(said.code, 0, "%s%s", said.out, said.err);
    cr_expect(strstr(said.out, " 0 failed") || strstr(said.err, " 0 failed"), "%s%s", said.out, said.err);
    cake_said_free(&said);
}

Test(wrong, command_option_or_name)
{
    refuse(WORDS("rnu"),
           "layercake: expected a command ('layercake help' names them), found 'rnu'; did you mean 'run'?");
    refuse(WORDS("run", "--pluggin", "naive"),
           "layercake run: expected an option of this command, found '--pluggin'; did you mean '--plugin'?");
    refuse(WORDS("run", "--plugin"), "expected PLUGIN after --plugin, found the end of the command");
    refuse(WORDS("run", "--threads", "0"), "expected a whole number from 1 to 4096 for --threads, found '0'");
    refuse(WORDS("check", "--repetitions", "3"), "expected an option of this command, found '--repetitions'");
    refuse(WORDS("check", "--dataset", "resnet5"), "found 'resnet5'; did you mean 'resnet50'?");
    refuse(WORDS("check", "--dataset", "smoke", "--op", "conv"),
           "expected an op ('layercake list ops' names them), found 'conv'");
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", "naiv"), "found 'naiv'; did you mean 'naive'?");
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", "naive", "--kernel", "nonesuch"),
           "expected a kernel of these plugins");
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", "naive", "--filter", "a["),
           "regular expression for --filter, found 'a['");
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", "naive", "--filter", "nonesuch"),
           "expected at least one case, found none");
    refuse(WORDS("check", "--dataset", "/nonexistent.txt"), "/nonexistent.txt: expected a readable dataset file");
    refuse(WORDS("run", "--plugin", "naive", "--baseline", "naif", "linear in=3 out=4"),
           "expected one of the run's plugins for --baseline, found 'naif'");
    refuse(WORDS("compare", "one"), "expected BASE and NEW, found 1 word\n");
    refuse(WORDS("run", "--threads", "4096", "--plugin", "naive", "--dataset", "smoke"), "4096");
}

Test(wrong, workload)
{
    refuse_workload("conv2d ic=3 ih=8 iw=8 oc=4 k=3 strid=2",
                    "command line:1:32: expected a key of conv2d, found 'strid'; did you mean 'stride'?");
    refuse_workload("conv2d ic=3 ih=8 iw=8 oc=4", "command line:1:27: expected kh=...");
    refuse_workload("conv2d ic=3 ih=8 iw=8 oc=4 k", "command line:1:28: expected key=value, found 'k'");
    refuse_workload("conv2d ic=0 ih=8 iw=8 oc=4 k=1", "command line:1:11: expected a whole number from 1");
    refuse_workload("conv2d ic=-3 ih=8 iw=8 oc=4 k=1", "command line:1:11: expected a whole number from 1");
    refuse_workload("conv2d ic=99999999999999999999 ih=8 iw=8 oc=4 k=1",
                    "command line:1:11: expected a whole number from 1");
    refuse_workload("linear rows=2147483647 in=2147483647 out=2147483647", "command line:1:1: linear: ");
    refuse_workload("conv2d ic=3 ih=8 iw=8 oc=4 k=9", "command line:1:1: conv2d: expected a window");
    refuse_workload("conv2d ic=3 ih=8 iw=8 oc=4 k=3 groups=2", "command line:1:1: conv2d: ");
    refuse_workload("linear rows=1000000 in=1000000 out=1000000", "command line:1: linear needs 44.0 TB of memory");
    refuse_workload("smoke", "expected a workload, found 'smoke'; did you mean '--dataset smoke'?");
    refuse_workload("", "command line:1:1: expected a workload, found nothing");
    refuse(WORDS("check", "--plugin", "naive", "--memory", "2GB", "linear in=16384 out=16384"),
           "needs 3.2 GB of memory to be checked, more than the 2.0 GB that --memory allows");
}

Test(wrong, dataset_file)
{
    static const char text[] = "linear in=3 out=4\nlinear in=x out=4\n";
    char folder[64], path[128], message[256];

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/mine.txt", folder);
    write_bytes(path, text, sizeof text - 1);
    snprintf(message, sizeof message, "%s:2:11: expected a whole number from 1", path);
    refuse(WORDS("check", "--plugin", "naive", "--dataset", path), message);
    cake_remove_folder(folder);
}

Test(wrong, plugin_file)
{
    char folder[64], path[128];

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/odd.so", folder);
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", path), "No such file");
    write_bytes(path, "", 0);
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", path), "load-error: ");
    write_bytes(path, "this is not a shared object, but it is long enough to have a header of ELF's size", 80);
    refuse(WORDS("check", "--dataset", "smoke", "--plugin", path), "load-error: ");
    cake_remove_folder(folder);
}

Test(wrong, output)
{
    cake_said said;

    said =
        cake_run_program(NULL, WORDS("run", "--plugin", "naive", "--out", "/dev/null/results", "linear in=1 out=1"));
    cr_expect_eq(said.code, CAKE_EXIT_USAGE, "%d: %s", said.code, said.err);
    cr_expect(strstr(said.err, "/dev/null/results"), "%s", said.err);
    cake_said_free(&said);
}

/* Rows that were finished before Ctrl-C stay. */
Test(interrupted, keeps_finished_rows, .timeout = 300)
{
    char folder[64], path[128];
    int status = 0;
    pid_t pid;

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/out/results.csv", folder);
    pid = cake_start_program(folder, WORDS("run", "--plugin", "naive", "--dataset", "default", "--out", "out"));
    for (int tries = 0; tries < 1000; tries++) {
        char *text = cake_read_text(path), *end = strchr(text, '\n');
        bool has_row = end && strchr(end + 1, '\n');

        free(text);
        if (has_row)
            break;
        usleep(50000);
    }
    cr_assert_eq(kill(pid, SIGINT), 0);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == CAKE_EXIT_INTERRUPTED, "status %x", (unsigned)status);
    {
        char *text = cake_read_text(path);

        cr_expect(strstr(text, ",ok,"), "%s", text);
        cr_expect_eq(text[strlen(text) - 1], '\n');
        free(text);
    }
    cake_remove_folder(folder);
}
