#include "cgroup.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Version 1 writes "no limit" of memory as the largest multiple of the page size. */
static const int64_t no_limit_bytes = INT64_C(1) << 60;

/* The first line of <folder>/<name>, "" if there is none. */
static bool read_line(const char *folder, const char *name, char *line, int size)
{
    char path[4096];
    FILE *file;
    bool done;

    line[0] = '\0';
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path || !(file = fopen(path, "re")))
        return false;
    done = fgets(line, size, file) != NULL;
    fclose(file);
    return done;
}

static void tighten_cpus(cake_cgroup *limits, double quota, double period)
{
    if (quota > 0 && period > 0 && (limits->cpus <= 0 || quota / period < limits->cpus))
        limits->cpus = quota / period;
}

static void tighten_memory(cake_cgroup *limits, int64_t bytes)
{
    if (bytes > 0 && bytes < no_limit_bytes && (!limits->memory_bytes || bytes < limits->memory_bytes))
        limits->memory_bytes = bytes;
}

/* The limits of one group. */
static void read_group(const char *folder, void *user)
{
    cake_cgroup *limits = user;
    char line[128], second[128];
    double quota, period;
    int64_t bytes;

    if (read_line(folder, "cpu.max", line, sizeof line) && sscanf(line, "%lf %lf", &quota, &period) == 2)
        tighten_cpus(limits, quota, period);
    if (read_line(folder, "cpu.cfs_quota_us", line, sizeof line) &&
        read_line(folder, "cpu.cfs_period_us", second, sizeof second) && sscanf(line, "%lf", &quota) == 1 &&
        sscanf(second, "%lf", &period) == 1)
        tighten_cpus(limits, quota, period);
    if (read_line(folder, "memory.max", line, sizeof line) && sscanf(line, "%" SCNd64, &bytes) == 1)
        tighten_memory(limits, bytes);
    if (read_line(folder, "memory.limit_in_bytes", line, sizeof line) && sscanf(line, "%" SCNd64, &bytes) == 1)
        tighten_memory(limits, bytes);
}

/* Called for each group with what it adds to. */
typedef void group_visit(const char *folder, void *user);

/* The group `path` of the hierarchy mounted at `mount`, and its parents. In a container the path may name a group
 * that is not mounted: then only the root is read. */
static void walk_upwards(const char *mount, const char *path, group_visit *visit, void *user)
{
    char folder[4096];
    size_t mount_length = strlen(mount);

    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return;
    for (char *slash; (slash = strrchr(folder + mount_length, '/')); *slash = '\0')
        if (slash[1])
            visit(folder, user);
    visit(mount, user);
}

/* Every group of this process, in both versions. */
static void walk(const char *proc, const char *sys, group_visit *visit, void *user)
{
    char path[4096], line[4096];
    FILE *file;

    if (snprintf(path, sizeof path, "%s/self/cgroup", proc) >= (int)sizeof path || !(file = fopen(path, "re")))
        return;
    /* "4:memory:/a/b", or "0::/a/b" for version 2 */
    while (fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;

        line[strcspn(line, "\n")] = '\0';
        if (!group)
            continue;
        *group++ = '\0', controllers++;
        if (!*controllers) {
            snprintf(path, sizeof path, "%s/fs/cgroup", sys);
            walk_upwards(path, group, visit, user);
            snprintf(path, sizeof path, "%s/fs/cgroup/unified", sys);
            walk_upwards(path, group, visit, user);
        } else if (snprintf(path, sizeof path, "%s/fs/cgroup/%s", sys, controllers) < (int)sizeof path) {
            walk_upwards(path, group, visit, user);
        }
    }
    fclose(file);
}

cake_cgroup cake_cgroup_read(const char *proc, const char *sys)
{
    cake_cgroup limits = {0};

    walk(proc, sys, read_group, &limits);
    return limits;
}

/* cpu.stat: "throttled_usec 12" in version 2, "throttled_time 12000" (ns) in version 1. The most of all groups: a
 * group's time counts in its parents, too. */
static void read_throttled(const char *folder, void *user)
{
    double *most = user, value;
    char path[4096], line[128];
    FILE *file;

    if (snprintf(path, sizeof path, "%s/cpu.stat", folder) >= (int)sizeof path || !(file = fopen(path, "re")))
        return;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "throttled_usec %lf", &value) == 1)
            *most = fmax(*most, value * 1e-6);
        if (sscanf(line, "throttled_time %lf", &value) == 1)
            *most = fmax(*most, value * 1e-9);
    }
    fclose(file);
}

double cake_cgroup_throttled(const char *proc, const char *sys)
{
    double seconds = NAN;

    walk(proc, sys, read_throttled, &seconds);
    return seconds;
}
