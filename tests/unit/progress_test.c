#include "report/progress.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(progress, .timeout = 20);

static void make_row(cake_row *row, const char *verdict)
{
    cake_row_init(row);
    cake_row_text(&row->op, "conv2d");
    cake_row_text(&row->workload, "res2a");
    cake_row_text(&row->plugin, "naive");
    cake_row_text(&row->kernel, "direct");
    cake_row_text(&row->verdict, verdict);
    row->time_ns_median = 1500;
    row->gb_per_s = 2;
}

/* What is there to be read now. */
static void drain(int fd, char *text, size_t size)
{
    ssize_t n;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    n = read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
}

Test(progress, pipes_get_a_line_a_row)
{
    cake_progress *progress;
    char text[4096];
    cake_row row;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    make_row(&row, "ok");
    progress = cake_progress_new(fds[1], 2, false);
    cr_assert_not_null(progress);
    cake_progress_begin(progress, "naive conv2d/direct");
    cake_progress_tick(progress);
    cake_progress_done(progress, &row);
    cake_row_text(&row.verdict, "crash");
    cake_row_text(&row.reason, "a \x1b[31mred\nherring");
    row.time_ns_median = NAN;
    cake_progress_done(progress, &row);
    cake_progress_say(progress, "a note");
    cake_progress_end(progress);
    drain(fds[0], text, sizeof text);
    cr_assert_str_eq(text, "[1/2] conv2d res2a naive/direct  ok  1.50 us  2.00 GB/s\n"
                           "[2/2] conv2d res2a naive/direct  crash: a ?[31mred?herring\n"
                           "a note\n");
    /* The inherited descriptor is as it was. */
    cr_assert_eq(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    cake_row_free(&row);
}

Test(progress, quiet_is_silent)
{
    cr_assert_null(cake_progress_new(1, 2, true));
    cake_progress_begin(NULL, "x");
    cake_progress_tick(NULL);
    cake_progress_say(NULL, "x");
    cake_progress_end(NULL);
}

/* Nobody reads: the pipe fills up, and the run goes on. */
Test(progress, slow_readers_are_not_waited_for)
{
    cake_progress *progress;
    cake_row row;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    fcntl(fds[1], F_SETPIPE_SZ, 4096);
    make_row(&row, "ok");
    progress = cake_progress_new(fds[1], 100000, false);
    for (int i = 0; i < 100000; i++)
        cake_progress_done(progress, &row);
    cake_progress_end(progress);
    cake_row_free(&row);
}

/* The reader is gone: neither SIGPIPE now nor one left behind. */
Test(progress, closed_readers_end_the_progress)
{
    cake_progress *progress;
    sigset_t pending;
    cake_row row;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    signal(SIGPIPE, SIG_DFL);
    make_row(&row, "ok");
    progress = cake_progress_new(fds[1], 3, false);
    close(fds[0]);
    for (int i = 0; i < 3; i++)
        cake_progress_done(progress, &row);
    cake_progress_end(progress);
    sigpending(&pending);
    cr_assert_not(sigismember(&pending, SIGPIPE));
    cake_row_free(&row);
}

Test(progress, terminals_get_a_bar_of_one_line)
{
    struct winsize size = {.ws_row = 24, .ws_col = 60};
    cake_progress *progress;
    char text[4096];
    int master, slave;
    cake_row row;

    setenv("TERM", "xterm", 1);
    cr_assert_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
    make_row(&row, "ok");
    progress = cake_progress_new(slave, 4, false);
    cake_progress_begin(progress, "a case with a name that is much too long for so narrow a terminal as this one");
    drain(master, text, sizeof text);
    cr_assert_eq(strncmp(text, "\r[....................] 0/4  a case", 35), 0, "%s", text);
    cr_assert_leq(strcspn(text + 1, "\033"), 59, "%s", text);
    cake_progress_done(progress, &row);
    drain(master, text, sizeof text);
    cr_assert_eq(strncmp(text, "\r[#####...............] 1/4  0s left", 36), 0, "%s", text);
    cake_row_text(&row.verdict, "mismatch");
    cake_progress_done(progress, &row);
    drain(master, text, sizeof text);
    cr_assert_not_null(strstr(text, "\r\033[K[2/4] conv2d res2a naive/direct  mismatch"), "%s", text);
    for (int i = 0; i < 10000; i++)
        cake_progress_begin(progress, "nobody reads this terminal");
    cake_progress_end(progress);
    cake_row_free(&row);
}
