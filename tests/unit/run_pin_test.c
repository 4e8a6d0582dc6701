/* The threads of a process, each on a CPU of its own. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/pin.h"

static void *wait_for_ever(void *ready)
{
    if (write(*(int *)ready, "x", 1) == 1)
        pause();
    return NULL;
}

/* A process of so many threads. Waits until they are there. */
static pid_t start(int threads)
{
    int ends[2];
    char byte;
    pid_t pid;

    cr_assert_eq(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
        pthread_t thread;

        for (int i = 1; i < threads; i++)
            pthread_create(&thread, NULL, wait_for_ever, &ends[1]);
        wait_for_ever(&ends[1]);
        _exit(0);
    }
    for (int i = 0; i < threads; i++)
        cr_assert_eq(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

/* How many threads of the process are bound to one CPU, and to how many different ones. */
static int count_bound(pid_t pid, int *different)
{
    char path[64];
    cpu_set_t all, one;
    struct dirent *entry;
    int bound = 0;
    DIR *dir;

    CPU_ZERO(&all);
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    dir = opendir(path);
    cr_assert_not_null(dir);
    while ((entry = readdir(dir))) {
        int task = atoi(entry->d_name);

        if (task == 0 || sched_getaffinity(task, sizeof one, &one) != 0 || CPU_COUNT(&one) != 1)
            continue;
        bound++;
        CPU_OR(&all, &all, &one);
    }
    closedir(dir);
    *different = CPU_COUNT(&all);
    return bound;
}

static cake_placement place(int threads)
{
    cake_topology *topology = NULL;
    cake_placement placement;
    cake_error error = {""};

    cr_assert_eq(cake_topology_load(NULL, &topology, &error), CAKE_OK, "%s", error.text);
    if (cake_topology_place(topology, threads, &placement, &error) != CAKE_OK)
        cr_skip_test("needs two cores");
    cake_topology_free(topology);
    return placement;
}

Test(pin, threads_have_a_core_each, .timeout = 60)
{
    cake_placement two = place(2);
    pid_t pid = start(2);
    int different;

    cr_expect(cake_pin_threads(pid, &two));
    cr_expect_eq(count_bound(pid, &different), 2);
    cr_expect_eq(different, 2);
    stop(pid);
    cr_expect_not(cake_pin_threads(pid, &two), "it has ended");
}

/* Who starts threads in each call, and who has two pools. */
Test(pin, more_or_fewer_threads_are_left_alone, .timeout = 60)
{
    cake_placement two = place(2);
    int different;

    for (int threads = 1; threads <= 3; threads += 2) {
        pid_t pid = start(threads);

        cr_expect(cake_pin_threads(pid, &two));
        cr_expect_eq(count_bound(pid, &different), 0);
        stop(pid);
    }
}
