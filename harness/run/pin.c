#include "run/pin.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST_TASKS = 4096 };

typedef struct task {
    long id;
    int64_t used_ns;
} task;

/* Time on a CPU: the first number of schedstat. 0 where the kernel does not tell. */
static int64_t used_ns(pid_t pid, long id)
{
    char path[64];
    int64_t ns = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%ld/schedstat", (int)pid, id);
    file = fopen(path, "re");
    if (!file)
        return 0;
    if (fscanf(file, "%" SCNd64, &ns) != 1)
        ns = 0;
    fclose(file);
    return ns;
}

static size_t list_tasks(pid_t pid, task *tasks)
{
    char path[64];
    size_t count = 0;
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    dir = opendir(path);
    while (dir && count < MOST_TASKS && (entry = readdir(dir))) {
        long id = isdigit((unsigned char)entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;

        if (id > 0)
            tasks[count++] = (task){id, used_ns(pid, id)};
    }
    if (dir)
        closedir(dir);
    return count;
}

static int by_use(const void *a, const void *b)
{
    const task *x = a, *y = b;

    return (x->used_ns < y->used_ns) - (x->used_ns > y->used_ns);
}

static int by_id(const void *a, const void *b)
{
    const task *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

bool cake_pin_threads(pid_t pid, const cake_placement *placement)
{
    task *tasks = calloc(MOST_TASKS, sizeof *tasks);
    size_t count = tasks ? list_tasks(pid, tasks) : 0;
    int cpu = -1;
    bool bound = count > 0;

    if (count < (size_t)placement->threads) {
        free(tasks);
        return bound;
    }
    qsort(tasks, count, sizeof *tasks, by_use);
    count = (size_t)placement->threads;
    qsort(tasks, count, sizeof *tasks, by_id);
    for (size_t i = 0; i < count; i++) {
        unsigned long mask[CAKE_MAX_CPUS / CAKE_MASK_BITS] = {0};

        do
            cpu++;
        while (cpu < CAKE_MAX_CPUS && !(placement->cpu_mask[cpu / CAKE_MASK_BITS] >> cpu % CAKE_MASK_BITS & 1));
        if (cpu == CAKE_MAX_CPUS)
            break;
        mask[cpu / CAKE_MASK_BITS] = 1UL << cpu % CAKE_MASK_BITS;
        bound &= syscall(SYS_sched_setaffinity, tasks[i].id, sizeof mask, mask) == 0;
    }
    free(tasks);
    return bound;
}
