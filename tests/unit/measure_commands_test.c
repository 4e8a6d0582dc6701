/* layercake peaks, doctor, list machine, list counters. */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "measure/counters.h"

static void redirect(void)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    setenv("XDG_CACHE_HOME", "/nonexistent", 1); /* keep no figures of a test */
}

TestSuite(measure_commands, .init = redirect, .timeout = 120);

/* What was printed, from a stream that Criterion redirected. */
static const char *printed(FILE *stream)
{
    static char text[65536];
    size_t length;

    fflush(stdout);
    fflush(stderr);
    length = fread(text, 1, sizeof text - 1, stream);
    text[length] = '\0';
    return text;
}

static int run(int (*command)(int, char **), const char *a, const char *b)
{
    char words[2][64], *argv[] = {words[0], words[1], NULL};

    snprintf(words[0], sizeof words[0], "%s", a ? a : "");
    snprintf(words[1], sizeof words[1], "%s", b ? b : "");
    return command(!!a + !!b, argv);
}

Test(measure_commands, peaks_as_csv)
{
    const char *text;

    cr_assert_eq(run(cake_cmd_peaks, "--threads=1", "--format=csv"), CAKE_EXIT_OK);
    text = printed(cr_get_redirected_stdout());
    cr_expect_eq(strstr(text, "kind,isa,level,threads,value,unit\n"), text, "%s", text);
    cr_expect(strstr(text, "f32_fma,128-bit,core,1,"), "%s", text);
    cr_expect(strstr(text, ",memory,1,"), "%s", text);
}

Test(measure_commands, peaks_for_people)
{
    const char *text;

    cr_assert_eq(run(cake_cmd_peaks, "--threads=1", NULL), CAKE_EXIT_OK);
    text = printed(cr_get_redirected_stdout());
    cr_expect(strstr(text, "1 thread\n") && strstr(text, "GFLOP/s"), "%s", text);
}

Test(measure_commands, wrong_words_are_refused)
{
    const char *text;

    cr_expect_eq(run(cake_cmd_peaks, "--format=xml", NULL), CAKE_EXIT_USAGE);
    cr_expect_eq(run(cake_cmd_peaks, "--threads=0", NULL), CAKE_EXIT_USAGE);
    cr_expect_eq(run(cake_cmd_peaks, "--threads=8192", NULL), CAKE_EXIT_USAGE);
    cr_expect_eq(run(cake_cmd_peaks, "all", NULL), CAKE_EXIT_USAGE);
    cr_expect_eq(run(cake_cmd_doctor, "now", NULL), CAKE_EXIT_USAGE);
    cr_expect_eq(run(cake_cmd_list, "machine", "now"), CAKE_EXIT_USAGE);
    text = printed(cr_get_redirected_stderr());
    cr_expect(strstr(text, "expected text or csv for --format, found 'xml'"), "%s", text);
    cr_expect(strstr(text, "one a core, found 8192"), "%s", text);
    cr_expect(strstr(text, "expected nothing after 'doctor', found 'now'"), "%s", text);
}

Test(measure_commands, doctor_goes_through_all)
{
    const char *text;

    cr_assert_eq(run(cake_cmd_doctor, NULL, NULL), CAKE_EXIT_OK);
    text = printed(cr_get_redirected_stdout());
    cr_expect(strstr(text, "governor") && strstr(text, "steal") && strstr(text, "huge pages"), "%s", text);
}

Test(measure_commands, list_machine_and_counters)
{
    const char *text;

    cr_assert_eq(run(cake_cmd_list, "machine", NULL), CAKE_EXIT_OK);
    cr_assert_eq(run(cake_cmd_list, "counters", NULL), CAKE_EXIT_OK);
    text = printed(cr_get_redirected_stdout());
    cr_expect(strstr(text, "allowed  "), "%s", text);
    cr_expect(strstr(text, "  task_clock_ns     perf_event_open perf::TASK-CLOCK"), "%s", text);
    cr_expect(strstr(text, "This machine counts:\n  perf::PAGE-FAULTS"), "%s", text);
}

Test(measure_commands, list_counters_by_name)
{
    const char *text;

    cr_assert_eq(run(cake_cmd_list, "counters", "perf::PAGE-FAULTS"), CAKE_EXIT_OK);
    text = printed(cr_get_redirected_stdout());
    cr_expect(strstr(text, "page faults") && !strstr(text, "perf::TASK-CLOCK"), "%s", text);
    if (strcmp(cake_counters_library(), "none") != 0) {
        cr_assert_eq(run(cake_cmd_list, "counters", "PAPI_NOPE"), CAKE_EXIT_USAGE);
        text = printed(cr_get_redirected_stderr());
        cr_expect(strstr(text, "unknown counter 'PAPI_NOPE'"), "%s", text);
    }
}
