#include "cli/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "cli/command.h"
#include "cli/run_options.h"

#define ARGS(...)                                                                                                    \
    (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[])                                        \
    {                                                                                                                \
        __VA_ARGS__                                                                                                  \
    }

static cake_run_options options;
static cake_error error;

static void refuse(int argc, char *const *argv, const char *message)
{
    cr_expect_eq(cake_run_options_parse(cake_run_option_groups, argc, argv, &options, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, message), "%s", error.text);
}

Test(options, defaults)
{
    cr_assert_eq(cake_run_options_parse(cake_run_option_groups, 0, NULL, &options, &error), CAKE_OK);
    cr_expect(options.datasets.count == 1 && strcmp(options.datasets.items[0], "default") == 0);
    cr_expect(options.threads.count == 1 && options.threads.items[0] == 1);
    cr_expect(options.dtypes.count == 1 && options.dtypes.items[0] == CAKE_F32);
    cr_expect(options.caches.count == 1 && options.caches.items[0] == CAKE_CACHE_WARM);
    cr_expect_eq(options.layout, -1);
    cr_expect_str_eq(options.baseline, "naive");
    cr_expect_geq(options.seed, 0);
    cr_expect(!options.quiet && !options.filter && !options.out);
    cake_run_options_free(&options);
}

Test(options, every_form_of_a_value)
{
    cr_assert_eq(cake_run_options_parse(cake_run_option_groups,
                                        ARGS("--dataset=a,b", "--dataset", "c", "--threads", "1,2", "--min-time=5ms",
                                             "--memory=2GiB", "--layout", "nhwc", "--cache=cold,warm", "--seed=7",
                                             "--quiet=true", "--tune=false", "--timeout", "2min", "linear in=1 out=1",
                                             "--filter", "a,b|--c", "--", "--odd"),
                                        &options, &error),
                 CAKE_OK, "%s", error.text);
    cr_expect(options.datasets.count == 3 && strcmp(options.datasets.items[2], "c") == 0);
    cr_expect(options.threads.count == 2 && options.threads.items[1] == 2);
    cr_expect_float_eq(options.min_time_s, 0.005, 1e-12);
    cr_expect_float_eq(options.timeout_s, 120, 1e-9);
    cr_expect_eq(options.memory_bytes, UINT64_C(2) << 30);
    cr_expect_eq(options.layout, CAKE_NHWC);
    cr_expect(options.caches.count == 2 && options.caches.items[0] == CAKE_CACHE_COLD);
    cr_expect_eq(options.seed, 7);
    cr_expect(options.quiet && !options.tune);
    cr_expect_str_eq(options.filter, "a,b|--c");
    cr_expect(options.workloads.count == 2 && strcmp(options.workloads.items[1], "--odd") == 0);
    cake_run_options_free(&options);
}

Test(options, spellings_of_google_benchmark)
{
    cr_assert_eq(
        cake_run_options_parse(cake_run_option_groups,
                               ARGS("--benchmark_filter=conv", "--benchmark_repetitions=3",
                                    "--benchmark_min_time=0.5s", "--benchmark_out=x.json",
                                    "--benchmark_out_format=json", "--benchmark_enable_random_interleaving=true"),
                               &options, &error),
        CAKE_OK, "%s", error.text);
    cr_expect_str_eq(options.filter, "conv");
    cr_expect_eq(options.repetitions, 3);
    cr_expect_float_eq(options.min_time_s, 0.5, 1e-12);
    cr_expect_str_eq(options.benchmark_out, "x.json");
    cr_expect_eq(options.benchmark_out_json, 1);
    cr_expect(options.random_order);
    cake_run_options_free(&options);
}

Test(options, says_what_was_expected)
{
    refuse(ARGS("--pluggin", "x"), "expected an option of this command, found '--pluggin'; did you mean '--plugin'?");
    refuse(ARGS("--benchmark_filtr=x"), "did you mean '--benchmark_filter'?");
    refuse(ARGS("--zzzzzzzz"), "expected an option of this command, found '--zzzzzzzz'");
    refuse(ARGS("-q"), "expected an option that begins with '--', found '-q'");
    refuse(ARGS("--plugin"), "expected PLUGIN after --plugin, found the end of the command");
    refuse(ARGS("--plugin="), "expected PLUGIN for --plugin, found nothing");
    refuse(ARGS("--plugin=a,,b"), "expected PLUGIN between the commas of --plugin, found nothing");
    refuse(ARGS("--quiet=yes"), "expected no value, true or false for --quiet, found 'yes'");
    refuse(ARGS("--seed=1", "--seed=1"), "expected --seed once, found it again");
    refuse(ARGS("--seed=-1"), "expected a whole number from 0 to 9007199254740992 for --seed, found '-1'");
    refuse(ARGS("--threads=0"), "expected a whole number from 1 to 4096 for --threads, found '0'");
    refuse(ARGS("--threads=2,1,2"), "expected each value of --threads once, found '2' again");
    refuse(ARGS("--min-time=5parsec"), "expected a time (0.5, 500ms, 2min) of seconds from 0 to 3600 for --min-time");
    refuse(ARGS("--min-time=-1"), "for --min-time, found '-1'");
    refuse(ARGS("--min-time=nan"), "for --min-time, found 'nan'");
    refuse(ARGS("--precision=2px"), "expected a share (0.02, 2%) from 1e-06 to 1 for --precision, found '2px'");
    refuse(ARGS("--precision=0"), "for --precision, found '0'");
    refuse(ARGS("--huge-pages=maybe"), "expected one of off, on for --huge-pages, found 'maybe'");
    refuse(ARGS("--timeout=0"), "for --timeout, found '0'");
    refuse(ARGS("--memory=0"), "expected a size (1000, 512MiB, 8GB) for --memory, found '0'");
    refuse(ARGS("--memory=99999999999TB"), "for --memory");
    refuse(ARGS("--layout=nwhc"),
           "expected one of nchw, nhwc, nchw8c, nchw16c for --layout, found 'nwhc'; did you mean 'nhwc'?");
    refuse(ARGS("--dtype=f23"), "for --dtype, found 'f23'; did you mean 'f32'?");
    refuse(ARGS("--cache=hot"), "expected one of warm, cold, weights for --cache, found 'hot'");
    cr_expect_eq(cake_run_options_parse(cake_check_option_groups, ARGS("--repetitions=3"), &options, &error),
                 CAKE_E_USAGE);
}

Test(options, times_and_sizes)
{
    double seconds;
    uint64_t bytes;

    cr_expect(cake_parse_time("1.5", &seconds) && seconds == 1.5);
    cr_expect(cake_parse_time("3us", &seconds) && seconds == 3e-6);
    cr_expect(cake_parse_time("1h", &seconds) && seconds == 3600);
    cr_expect(!cake_parse_time("", &seconds) && !cake_parse_time("s", &seconds) && !cake_parse_time("1 s", &seconds));
    cr_expect(!cake_parse_time("1e3", &seconds) && !cake_parse_time("1..2", &seconds));
    cr_expect(cake_parse_bytes("8GB", &bytes) && bytes == UINT64_C(8000000000));
    cr_expect(cake_parse_bytes("1.5Ki", &bytes) && bytes == 1536);
    cr_expect(!cake_parse_bytes("8gb", &bytes) && !cake_parse_bytes("-8", &bytes) &&
              !cake_parse_bytes("1e9", &bytes));
}

Test(options, survive_noise)
{
    static const char *const words[] = {"--dataset", "--threads=", "--",         "=",       "-",
                                        "",          "--filter",   "--layout=x", "--quiet", "1,2",
                                        "a,b",       "--seed",     "--=",        "---",     "linear in=1 out=2"};
    cake_random random = {3};

    for (int i = 0; i < 5000; i++) {
        char *argv[6];
        int argc = (int)cake_random_below(&random, 6);

        for (int a = 0; a < argc; a++)
            argv[a] = (char *)(uintptr_t)words[cake_random_below(&random, sizeof words / sizeof *words)];
        if (cake_run_options_parse(cake_run_option_groups, argc, argv, &options, &error) == CAKE_OK)
            cake_run_options_free(&options);
    }
}

static char *read_manual(void)
{
    FILE *file = fopen(CAKE_MANUAL, "r");
    char *text = calloc(1, 1 << 20);
    size_t length = 0;

    cr_assert(file && text);
    length = fread(text, 1, (1 << 20) - 1, file);
    cr_assert_gt(length, 100);
    fclose(file);
    return text;
}

/* The manual writes '\-' for a hyphen that is to be copied. */
static void expect_in_manual(const char *manual, const char *prefix, const char *name)
{
    char wanted[256];
    size_t used = 0;

    for (const char *part = prefix; *part && used < sizeof wanted - 3; part++)
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, *part == '-' ? "\\-" : "%c", *part);
    for (const char *part = name; *part && used < sizeof wanted - 3; part++)
        used += (size_t)snprintf(wanted + used, sizeof wanted - used, *part == '-' ? "\\-" : "%c", *part);
    cr_expect(strstr(manual, wanted), "the manual page does not have %s%s", prefix, name);
}

Test(manual, has_every_command_option_and_subject)
{
    char *manual = read_manual();

    for (const cake_command *command = cake_commands; command->verb; command++) {
        expect_in_manual(manual, ".SS layercake ", command->verb);
        for (const cake_option_group *group = command->groups; group && group->title; group++)
            for (const cake_option *option = group->options; option->name; option++) {
                expect_in_manual(manual, ".B --", option->name);
                if (option->same_as)
                    expect_in_manual(manual, ".B --", option->same_as);
            }
    }
    for (const cake_list_subject *subject = cake_list_subjects; subject->name; subject++)
        expect_in_manual(manual, ".B ", subject->name);
    free(manual);
}
