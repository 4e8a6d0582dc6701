#include <criterion/criterion.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure/counters.h"
#include "measure/counters_perf.h"
#include "measure/pmu.h"

enum { PAGES = 300 };

/* --- A process that does as it is told ---------------------------------------------------------------------------
 */

typedef struct child {
    pid_t pid;
    int to, from;
} child;

static void touch_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = PAGES * page;
    volatile char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    madvise((void *)memory, size, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < size; i += page)
        memory[i] = 1;
    munmap((void *)memory, size);
}

static int thread_pipe[2], thread_done[2];

/* Touches pages each time it is woken. */
static void *toucher(void *unused)
{
    char c;

    while (read(thread_pipe[0], &c, 1) == 1) {
        touch_pages();
        if (write(thread_done[1], &c, 1) != 1)
            break;
    }
    return unused;
}

/* Commands: 'm' touch pages in the main thread, 't' start the second thread, 's' have it touch pages, 'y' give up the
 * CPU often. Each is answered by itself. */
static void obey(int in, int out)
{
    pthread_t thread;
    char c;

    if (pipe(thread_pipe) || pipe(thread_done))
        _exit(1);
    while (read(in, &c, 1) == 1) {
        char done;

        if (c == 'm')
            touch_pages();
        if (c == 't')
            pthread_create(&thread, NULL, toucher, NULL);
        if (c == 's' && (write(thread_pipe[1], &c, 1) != 1 || read(thread_done[0], &done, 1) != 1))
            _exit(1);
        for (int i = 0; c == 'y' && i < 100; i++)
            usleep(10);
        if (write(out, &c, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

static child start(void)
{
    int to[2], from[2];
    child c;

    cr_assert_eq(pipe(to), 0);
    cr_assert_eq(pipe(from), 0);
    c.pid = fork();
    if (c.pid == 0) {
        close(to[1]), close(from[0]);
        obey(to[0], from[1]);
    }
    close(to[0]), close(from[1]);
    c.to = to[1], c.from = from[0];
    return c;
}

static void tell(const child *c, char command)
{
    char answer;

    cr_assert_eq(write(c->to, &command, 1), 1);
    cr_assert_eq(read(c->from, &answer, 1), 1);
    cr_assert_eq(answer, command);
}

static void stop(child *c)
{
    close(c->to), close(c->from);
    waitpid(c->pid, NULL, 0);
}

static cake_counters *open_columns(const child *c)
{
    cake_counters *counters = NULL;
    cake_error error = {""};

    cr_assert_eq(cake_counters_open(cake_counter_columns, CAKE_COUNTER_COLUMNS, c->pid, &counters, &error), CAKE_OK,
                 "%s", error.text);
    return counters;
}

static size_t column(const char *name)
{
    size_t i = 0;

    while (i < CAKE_COUNTER_COLUMNS && strcmp(cake_counter_columns[i], name) != 0)
        i++;
    cr_assert_lt(i, CAKE_COUNTER_COLUMNS);
    return i;
}

/* --- Tests -------------------------------------------------------------------------------------------------------
 */

Test(counters, page_faults_and_time_of_all_threads, .timeout = 30)
{
    child c = start();
    cake_counters *counters = open_columns(&c);
    double values[CAKE_COUNTER_COLUMNS];
    size_t faults = column("page_faults"), clock = column("task_clock_ns");

    cake_counters_begin(counters);
    tell(&c, 'm');
    cake_counters_end(counters, values);
    cr_expect_geq(values[faults], PAGES);
    cr_expect_lt(values[faults], 2 * PAGES);
    cr_expect_gt(values[clock], 0);

    tell(&c, 't'); /* a thread that is started after the counters */
    cake_counters_begin(counters);
    tell(&c, 's');
    cake_counters_end(counters, values);
    cr_expect_geq(values[faults], PAGES, "the second thread's are counted: %g", values[faults]);
    cr_expect_gt(values[clock], 0);

    cake_counters_begin(counters);
    cake_counters_end(counters, values);
    cr_expect_lt(values[faults], 10, "an idle process has none: %g", values[faults]);
    cake_counters_close(counters);
    stop(&c);
}

Test(counters, a_thread_that_was_there_before_is_counted, .timeout = 30)
{
    child c = start();
    cake_counters *counters;
    double values[CAKE_COUNTER_COLUMNS];
    size_t faults = column("page_faults");

    tell(&c, 't');
    tell(&c, 's'); /* it runs */
    counters = open_columns(&c);
    cake_counters_begin(counters);
    tell(&c, 's');
    cake_counters_end(counters, values);
    cr_expect_geq(values[faults], PAGES);
    cake_counters_begin(counters);
    tell(&c, 'm');
    tell(&c, 's');
    cake_counters_end(counters, values);
    cr_expect_geq(values[faults], 2 * PAGES);
    cr_expect_lt(values[faults], 3 * PAGES, "none is counted twice: %g", values[faults]);
    cake_counters_close(counters);
    stop(&c);
}

Test(counters, context_switches_are_counted, .timeout = 30)
{
    child c = start();
    cake_counters *counters = open_columns(&c);
    double values[CAKE_COUNTER_COLUMNS];
    size_t switches = column("context_switches");

    cake_counters_begin(counters);
    tell(&c, 'y');
    cake_counters_end(counters, values);
    cr_expect_geq(values[switches], 100);
    cr_expect_not_null(cake_counters_source(counters, switches));
    cake_counters_close(counters);
    stop(&c);
}

Test(counters, what_is_missing_is_empty_and_says_why, .timeout = 30)
{
    child c = start();
    cake_counters *counters = open_columns(&c);
    double values[CAKE_COUNTER_COLUMNS];
    char notes[2048];
    cake_error why = {""};

    cake_counters_begin(counters);
    tell(&c, 'm');
    cake_counters_end(counters, values);
    cake_counters_notes(counters, notes, sizeof notes);
    for (size_t i = 0; i < CAKE_COUNTER_COLUMNS; i++) {
        const char *reason = cake_counters_reason(counters, i);

        cr_expect_eq(reason != NULL, isnan(values[i]), "%s: %g", cake_counter_columns[i], values[i]);
        cr_expect_eq(reason == NULL, cake_counters_source(counters, i) != NULL);
        cr_expect(!reason || (*reason && strstr(notes, reason) && strstr(notes, cake_counter_columns[i])), "%s: %s",
                  cake_counter_columns[i], reason);
    }
    if (cake_pmu_check(&why) == CAKE_OK)
        cr_expect_gt(values[column("instructions")], 0);
    else
        cr_expect(isnan(values[column("instructions")]) && strstr(notes, why.text), "%s", notes);
    cake_counters_close(counters);
    stop(&c);
}

Test(counters, names_of_papi, .timeout = 30)
{
    const char *const names[] = {"perf::PAGE-FAULTS", "PAPI_TOT_CYC", "perf::FAULTS", "energy_nj"};
    const char *const unknown[] = {"page_faults", "PAPI_NO_SUCH", "perf::CYCLES"};
    child c = start();
    cake_counters *counters = NULL;
    cake_error error = {""};
    double values[4];

    cr_assert_eq(cake_counters_open(names, 4, c.pid, &counters, &error), CAKE_OK, "%s", error.text);
    cake_counters_begin(counters);
    tell(&c, 'm');
    cake_counters_end(counters, values);
    cr_expect_geq(values[0], PAGES);
    cr_expect_eq(values[0], values[2]);
    cr_expect_neq(values[1], 0);
    cr_expect_neq(values[3], 0);
    cake_counters_close(counters);
    counters = NULL;
    if (strcmp(cake_counters_library(), "none") != 0) {
        cr_expect_eq(cake_counters_open(unknown, 3, c.pid, &counters, &error), CAKE_E_USAGE);
        cr_expect(strstr(error.text, "unknown counter 'PAPI_NO_SUCH'"), "%s", error.text);
        cr_expect_eq(cake_counters_check("", &error, &error), CAKE_E_USAGE);
    }
    cr_expect_null(counters);
    stop(&c);
    cr_expect_eq(cake_counters_open(names, 1, c.pid, &counters, &error), CAKE_E_WORKER);
    cr_expect(strstr(error.text, "no process"), "%s", error.text);
}

/* Where users may not count in the kernel, switches come from /proc and migrations are empty rather than 0. */
Test(counters, without_privileges, .timeout = 30)
{
    child c;
    cake_counters *counters;
    double values[CAKE_COUNTER_COLUMNS];

    if (geteuid() != 0 || cake_perf_paranoid() != 2)
        cr_skip_test("needs root and perf_event_paranoid 2");
    cr_assert_eq(setgid(65534), 0);
    cr_assert_eq(setuid(65534), 0);
    prctl(PR_SET_DUMPABLE, 1); /* as a process that was started by that user */
    c = start();
    counters = open_columns(&c);
    cake_counters_begin(counters);
    tell(&c, 'm');
    tell(&c, 'y');
    cake_counters_end(counters, values);
    cr_expect_geq(values[column("page_faults")], PAGES);
    cr_expect_geq(values[column("context_switches")], 100);
    cr_expect(strstr(cake_counters_source(counters, column("context_switches")), "/proc"));
    cr_expect(isnan(values[column("migrations")]));
    cr_expect(strstr(cake_counters_reason(counters, column("migrations")), "perf_event_paranoid is 2"));
    cake_counters_close(counters);
    stop(&c);
}

Test(counters, switches_of_threads_that_ended_are_unknown)
{
    static cake_switches from = {.count = 2, .tid = {10, 11}, .switches = {5, 7}};
    static cake_switches grown = {.count = 3, .tid = {11, 10, 12}, .switches = {8, 9, 3}};
    static cake_switches shrunk = {.count = 2, .tid = {10, 12}, .switches = {6, 3}};
    static cake_switches empty;

    cr_expect_eq(cake_switches_between(&from, &grown), 8);
    cr_expect(isnan(cake_switches_between(&from, &shrunk)));
    cr_expect(isnan(cake_switches_between(&empty, &grown)));
    cr_expect(isnan(cake_switches_between(&from, &empty)));
}

static void count_listed(const cake_counter_info *info, void *user)
{
    int *listed = user;

    cr_expect(*info->name && info->description);
    listed[info->reason ? 1 : 0]++;
    listed[2] += !strcmp(info->name, "perf::PAGE-FAULTS");
}

Test(counters, list, .timeout = 30)
{
    int listed[3] = {0};

    cake_counters_list(count_listed, listed);
    cr_expect_geq(listed[0], 3);
    cr_expect_eq(listed[2], 1);
    if (strcmp(cake_counters_library(), "none") != 0)
        cr_expect_gt(listed[0] + listed[1], 100);
}
