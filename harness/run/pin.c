#include "run/pin.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The process's threads by their number; `ids` holds `most`. Returns how many there are, up to most. */
static size_t list_threads(pid_t pid, long *ids, size_t most)
{
    char path[64];
    size_t count = 0;
    struct dirent *entry;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    dir = opendir(path);
    while (dir && count < most && (entry = readdir(dir))) {
        long id = isdigit((unsigned char)entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;

        if (id > 0)
            ids[count++] = id;
    }
    if (dir)
        closedir(dir);
    return count;
}

static int ascending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;

    return (x > y) - (x < y);
}

bool cake_pin_threads(pid_t pid, const cake_placement *placement)
{
    const size_t wanted = (size_t)placement->threads;
    long *ids = calloc(wanted + 1, sizeof *ids);
    size_t count = ids ? list_threads(pid, ids, wanted + 1) : 0;
    bool bound = count > 0;
    int cpu = -1;

    if (count > 0)
        qsort(ids, count, sizeof *ids, ascending);
    for (size_t i = 0; i < count && count == wanted; i++) {
        unsigned long mask[CAKE_MAX_CPUS / CAKE_MASK_BITS] = {0};

        do
            cpu++;
        while (!(placement->cpu_mask[cpu / CAKE_MASK_BITS] >> cpu % CAKE_MASK_BITS & 1));
        mask[cpu / CAKE_MASK_BITS] = 1UL << cpu % CAKE_MASK_BITS;
        bound &= syscall(SYS_sched_setaffinity, ids[i], sizeof mask, mask) == 0;
    }
    free(ids);
    return bound;
}
