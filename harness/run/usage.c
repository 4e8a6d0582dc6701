#include "run/usage.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Growth below `least` over all steps is not called a leak: an allocator's rounding, the kernel's lazy counting of
 * pages. */
static const struct {
    const char *name, *unit;
    int64_t least, scale; /* scale: of the unit */
    int64_t surely;       /* growth that CAKE_USAGE_STEPS are enough for; below it takes CAKE_USAGE_SLOW_STEPS */
    int64_t sudden;       /* growth over the first look that is a leak however it came; 0: none is */
} kinds[CAKE_USAGE_KINDS] = {
    {"the heap", "bytes", 1024, 1, 128 << 10, 0},
    {"its own memory (RssAnon)", "KiB", INT64_C(1) << 20, 1024, INT64_C(64) << 20, 0},
    {"its address space (VmSize)", "KiB", INT64_C(4) << 20, 1024, INT64_C(256) << 20, 0},
    {"the number of its threads", "threads", CAKE_USAGE_STEPS, 1, 0, 16},
    {"the number of its open descriptors", "descriptors", CAKE_USAGE_STEPS, 1, 0, 16},
};
enum { HEAP, OWN, SPACE, THREADS, DESCRIPTORS };

static int64_t count_entries(pid_t pid, const char *folder)
{
    char path[64];
    int64_t count = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, folder);
    dir = opendir(path);
    if (!dir)
        return -1;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static int64_t field(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? strtoll(at + strlen(name), NULL, 10) : -1;
}

static void look(pid_t pid, int64_t seen[CAKE_USAGE_KINDS])
{
    char path[64], status[4096];
    size_t got = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    if (file) {
        got = fread(status, 1, sizeof status - 1, file);
        fclose(file);
    }
    status[got] = '\0';
    seen[OWN] = field(status, "\nRssAnon:") * 1024;
    seen[SPACE] = field(status, "\nVmSize:") * 1024;
    seen[THREADS] = field(status, "\nThreads:");
    seen[DESCRIPTORS] = count_entries(pid, "fd");
}

bool cake_usage_look(cake_usage *usage, pid_t pid, uint64_t heap_bytes, cake_finding *finding)
{
    int64_t now[CAKE_USAGE_KINDS];

    /* A thread of this process: what grows may be ours. */
    if (pid == 0)
        return true;
    now[HEAP] = (int64_t)heap_bytes;
    look(pid, now);
    usage->looks++;
    for (int k = 0; k < CAKE_USAGE_KINDS; k++) {
        bool grew = usage->looks > 1 && usage->kind[k].last >= 0 && now[k] > usage->kind[k].last;
        bool rested = usage->looks > 1 && now[k] == usage->kind[k].last;
        int64_t growth;

        usage->kind[k].last = now[k];
        usage->kind[k].rests = rested ? usage->kind[k].rests + 1 : 0;
        usage->kind[k].steps += grew;
        if (!grew && (!rested || usage->kind[k].rests > CAKE_USAGE_RESTS)) {
            usage->kind[k].first = now[k];
            usage->kind[k].steps = 0;
        }
        if (usage->looks == 1)
            usage->kind[k].begun = now[k];
        growth = now[k] - usage->kind[k].begun;
        if (kinds[k].sudden && usage->kind[k].begun >= 0 && growth >= kinds[k].sudden)
            return cake_find(finding, CAKE_V_LEAK, "%s grew during the timed calls, by %lld %s", kinds[k].name,
                             (long long)(growth / kinds[k].scale), kinds[k].unit);
        growth = now[k] - usage->kind[k].first;
        if (usage->kind[k].steps >= (growth >= kinds[k].surely ? CAKE_USAGE_STEPS : CAKE_USAGE_SLOW_STEPS) &&
            growth >= kinds[k].least)
            return cake_find(finding, CAKE_V_LEAK, "%s grew with %d batches of calls, by %lld %s", kinds[k].name,
                             usage->kind[k].steps, (long long)(growth / kinds[k].scale), kinds[k].unit);
    }
    return true;
}

bool cake_usage_bound(pid_t pid, const cake_placement *placement, cake_finding *finding)
{
    char path[64];
    struct dirent *entry;
    bool bound = true;
    DIR *dir;

    if (pid == 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    dir = opendir(path);
    while (dir && bound && (entry = readdir(dir))) {
        unsigned long mask[CAKE_MAX_CPUS / CAKE_MASK_BITS] = {0};
        long thread = isdigit((unsigned char)entry->d_name[0]) ? strtol(entry->d_name, NULL, 10) : 0;

        /* A thread that has just ended is not asked. */
        if (!thread || syscall(SYS_sched_getaffinity, thread, sizeof mask, mask) < 0)
            continue;
        for (size_t i = 0; i < sizeof mask / sizeof *mask; i++)
            bound &= (mask[i] & ~placement->cpu_mask[i]) == 0;
    }
    if (dir)
        closedir(dir);
    return bound || cake_find(finding, CAKE_V_AFFINITY_CHANGED, "moved a thread off the cores %s that were granted",
                              placement->cpuset);
}
