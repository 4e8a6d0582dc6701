#include "cgroup.h"

#include <inttypes.h>
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
static void read_group(const char *folder, cake_cgroup *limits)
{
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

/* The group `path` of the hierarchy mounted at `mount`, and its parents. In a container the path may name a group
 * that is not mounted: then only the root is read. */
static void read_upwards(const char *mount, const char *path, cake_cgroup *limits)
{
    char folder[4096];
    size_t mount_length = strlen(mount);

    if (snprintf(folder, sizeof folder, "%s%s", mount, path) >= (int)sizeof folder)
        return;
    for (char *slash; (slash = strrchr(folder + mount_length, '/')); *slash = '\0')
        if (slash[1])
            read_group(folder, limits);
    read_group(mount, limits);
}

cake_cgroup cake_cgroup_read(const char *proc, const char *sys)
{
    cake_cgroup limits = {0};
    char path[4096], line[4096];
    FILE *file;

    if (snprintf(path, sizeof path, "%s/self/cgroup", proc) >= (int)sizeof path || !(file = fopen(path, "re")))
        return limits;
    /* "4:memory:/a/b", or "0::/a/b" for version 2 */
    while (fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;

        line[strcspn(line, "\n")] = '\0';
        if (!group)
            continue;
        *group++ = '\0', controllers++;
        if (!*controllers) {
            snprintf(path, sizeof path, "%s/fs/cgroup", sys);
            read_upwards(path, group, &limits);
            snprintf(path, sizeof path, "%s/fs/cgroup/unified", sys);
            read_upwards(path, group, &limits);
        } else if (snprintf(path, sizeof path, "%s/fs/cgroup/%s", sys, controllers) < (int)sizeof path) {
            read_upwards(path, group, &limits);
        }
    }
    fclose(file);
    return limits;
}
