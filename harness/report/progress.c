#include "report/progress.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/results.h"

/* A pipe takes this much at once or nothing (PIPE_BUF), so lines do not come apart. */
enum { MESSAGE_MAX = 4096, BAR_WIDTH = 20 };

struct cake_progress {
    int fd;
    bool own_fd; /* opened here, and non-blocking */
    bool bar;
    bool closed; /* nobody reads */
    size_t total, done, skipped;
    struct timespec begun, drawn;
    char what[256];
};

static double seconds_since(const struct timespec *then)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + 1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

/* A description of the same file that does not block. O_NONBLOCK on the one that was inherited would be set for the
 * shell and everybody else who has it. */
static void open_nonblocking(cake_progress *progress, int fd)
{
    struct stat info;
    char path[32];

    progress->fd = fd;
    if (fstat(fd, &info) != 0 || S_ISREG(info.st_mode))
        return; /* writes to files do not wait for a reader, and two descriptions have two positions */
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return; /* a socket; poll has to do */
    progress->fd = fd;
    progress->own_fd = true;
}

/* One write, or none. */
static void put(cake_progress *progress, const cake_text *text)
{
    struct pollfd ready = {.fd = progress->fd, .events = POLLOUT};
    size_t size = text->length < MESSAGE_MAX ? text->length : MESSAGE_MAX;
    sigset_t pipe_signal, old, pending;

    if (progress->closed || text->failed || poll(&ready, 1, 0) != 1)
        return;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    if (write(progress->fd, text->data, size) < 0 && errno != EAGAIN && errno != EINTR) {
        progress->closed = true;
        if (errno == EPIPE && !sigismember(&pending, SIGPIPE))
            sigtimedwait(&pipe_signal, NULL, &(struct timespec){0});
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static int terminal_width(const cake_progress *progress)
{
    struct winsize size;

    return ioctl(progress->fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* "3m 20s" */
static void put_duration(cake_text *out, double seconds)
{
    long left = lround(seconds);

    if (left >= 3600)
        cake_text_printf(out, "%ldh %02ldm", left / 3600, left / 60 % 60);
    else if (left >= 60)
        cake_text_printf(out, "%ldm %02lds", left / 60, left % 60);
    else
        cake_text_printf(out, "%lds", left);
}

/* Nothing but printable ASCII: names come from plugins. */
static void put_plain(cake_text *out, const char *text, size_t columns)
{
    for (size_t i = 0; text[i] && i < columns; i++)
        cake_text_printf(out, "%c", text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?');
}

/* "[#####...............]  12/40  3m 20s left  avx2 conv2d/direct": one line whatever the terminal's width. */
static void put_bar(const cake_progress *progress, cake_text *out)
{
    cake_text line = {0};
    size_t filled = progress->total ? BAR_WIDTH * progress->done / progress->total : 0;
    size_t fresh = progress->done - progress->skipped;

    cake_text_put(&line, "[");
    for (size_t i = 0; i < BAR_WIDTH; i++)
        cake_text_put(&line, i < filled ? "#" : ".");
    cake_text_printf(&line, "] %zu/%zu", progress->done, progress->total);
    if (fresh > 0 && progress->total >= progress->done) {
        cake_text_put(&line, "  ");
        put_duration(&line,
                     seconds_since(&progress->begun) / (double)fresh * (double)(progress->total - progress->done));
        cake_text_put(&line, " left");
    }
    cake_text_printf(&line, "  %s", progress->what);
    cake_text_put(out, "\r");
    if (!line.failed)
        put_plain(out, line.data, (size_t)(terminal_width(progress) - 1));
    cake_text_put(out, "\033[K");
    cake_text_free(&line);
}

static void draw(cake_progress *progress)
{
    cake_text text = {0};

    if (!progress->bar)
        return;
    clock_gettime(CLOCK_MONOTONIC, &progress->drawn);
    put_bar(progress, &text);
    put(progress, &text);
    cake_text_free(&text);
}

cake_progress *cake_progress_new(int fd, size_t total, bool quiet)
{
    const char *term = getenv("TERM");
    cake_progress *progress = quiet ? NULL : calloc(1, sizeof *progress);

    if (!progress)
        return NULL;
    open_nonblocking(progress, fd);
    progress->total = total;
    progress->bar = isatty(fd) && term && strcmp(term, "dumb") != 0;
    clock_gettime(CLOCK_MONOTONIC, &progress->begun);
    return progress;
}

void cake_progress_skip(cake_progress *progress, size_t cases)
{
    if (!progress)
        return;
    progress->done += cases;
    progress->skipped += cases;
}

void cake_progress_begin(cake_progress *progress, const char *what)
{
    if (!progress)
        return;
    snprintf(progress->what, sizeof progress->what, "%s", what);
    draw(progress);
}

void cake_progress_tick(cake_progress *progress)
{
    if (progress && progress->bar && seconds_since(&progress->drawn) >= 0.1)
        draw(progress);
}

/* A line above the bar, or just a line. */
static void put_line(cake_progress *progress, const char *line)
{
    cake_text text = {0};

    if (progress->bar)
        cake_text_put(&text, "\r\033[K");
    put_plain(&text, line, MESSAGE_MAX - 256);
    cake_text_put(&text, "\n");
    if (progress->bar)
        put_bar(progress, &text);
    put(progress, &text);
    cake_text_free(&text);
}

void cake_progress_done(cake_progress *progress, const cake_row *row)
{
    cake_text line = {0};

    if (!progress)
        return;
    progress->done++;
    if (progress->bar && !cake_row_fails(row)) {
        draw(progress);
        return;
    }
    cake_text_printf(&line, "[%zu/%zu] %s %s %s/%s  %s", progress->done, progress->total, cake_row_string(row->op),
                     cake_row_title(row), cake_row_string(row->plugin), cake_row_string(row->kernel),
                     cake_row_string(row->verdict));
    if (!isnan(row->time_ns_median)) {
        cake_text_put(&line, "  ");
        cake_put_time(&line, row->time_ns_median);
        cake_text_put(&line, "  ");
        cake_put_rate(&line, row);
    } else if (row->reason && row->reason[0]) {
        cake_text_printf(&line, ": %s", row->reason);
    }
    if (!line.failed)
        put_line(progress, line.data);
    cake_text_free(&line);
}

void cake_progress_say(cake_progress *progress, const char *text)
{
    if (progress)
        put_line(progress, text);
}

void cake_progress_end(cake_progress *progress)
{
    cake_text text = {0};

    if (!progress)
        return;
    if (progress->bar) {
        cake_text_put(&text, "\r\033[K");
        put(progress, &text);
    }
    cake_text_free(&text);
    if (progress->own_fd)
        close(progress->fd);
    free(progress);
}
