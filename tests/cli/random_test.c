/* `layercake check --random`: workloads that nobody chose, and failures made small. CMakeLists.txt runs every plugin. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(random, the_seed_decides_whatever_else_is_asked_for, .timeout = 120)
{
    cake_said all = cake_run_program(NULL, WORDS("check", "--plugin", "naive", "--random", "3", "--seed", "9"));
    cake_said one =
        cake_run_program(NULL, WORDS("check", "--plugin", "naive", "--random", "3", "--seed", "9", "--op", "pool2d"));
    cake_said other =
        cake_run_program(NULL, WORDS("check", "--plugin", "naive", "--random", "3", "--seed", "8", "--op", "pool2d"));
    char *end = strstr(one.out, "3 cases: 3 ok");

    cr_assert(all.code == 0 && one.code == 0 && other.code == 0, "%s%s%s", all.err, one.err, other.err);
    cr_assert_not_null(end, "%s", one.out);
    cr_expect_str_neq(one.out, other.out);
    *end = '\0';
    cr_expect(strstr(all.out, one.out), "%s is not in %s", one.out, all.out);
    cake_said_free(&all);
    cake_said_free(&one);
    cake_said_free(&other);
}

/* A kernel that writes its last element wrong, whatever the workload, fails at the least one that has two. */
Test(random, a_failure_becomes_small_and_repeats, .timeout = 120)
{
    static const char least[] = "smallest mismatch of spoiled softmax/wrong_write that was found, in ";
    cake_said said = cake_run_program(NULL, WORDS("check", "--plugin", CAKE_SPOILED, "--kernel", "wrong_write",
                                                  "--random", "4", "--seed", "5", "--op", "softmax"));
    const char *small = strstr(said.out, least), *workload;
    char line[256];
    cake_said again;

    cr_expect_eq(said.code, CAKE_EXIT_VERDICT, "%s%s", said.out, said.err);
    cr_assert_not_null(small, "%s", said.out);
    cr_expect_null(strstr(small + 1, "smallest"), "one a kernel: %s", said.out);
    cr_expect(strstr(small, "repeat: layercake check --plugin " CAKE_SPOILED " --kernel softmax/wrong_write "),
              "the file that was given: %s", small);
    workload = strstr(small, "--seed 5 '");
    cr_assert_not_null(workload, "%s", said.out);
    workload += strlen("--seed 5 '");
    snprintf(line, sizeof line, "%.*s", (int)strcspn(workload, "'"), workload);
    cr_expect(strcmp(line, "softmax axis=2") == 0 || strcmp(line, "softmax outer=2 axis=1") == 0 ||
                  strcmp(line, "softmax axis=1 inner=2") == 0,
              "not small: %s", line);
    again = cake_run_program(
        NULL, WORDS("check", "--plugin", CAKE_SPOILED, "--kernel", "softmax/wrong_write", "--seed", "5", line));
    cr_expect_eq(again.code, CAKE_EXIT_VERDICT, "%s%s", again.out, again.err);
    cake_said_free(&again);
    cake_said_free(&said);
}

static void refuse(const char *const *words, const char *text)
{
    cake_said said = cake_run_program(NULL, words);

    cr_expect_eq(said.code, CAKE_EXIT_USAGE, "%d: %s", said.code, said.out);
    cr_expect(strstr(said.err, text), "said: %s", said.err);
    cake_said_free(&said);
}

Test(random, says_what_it_expected)
{
    refuse(WORDS("check", "--random", "0"), "expected a whole number from 1 to 1000000 for --random, found '0'");
    refuse(WORDS("check", "--plugin", "naive", "--random", "2", "--op", "conf2d"),
           "expected an op ('layercake list ops' names them), found 'conf2d'; did you mean 'conv2d'?");
    refuse(WORDS("run", "--random", "2"), "expected an option of this command, found '--random'");
}
