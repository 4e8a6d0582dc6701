#include "measure/counters_perf.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "measure/pmu.h"

const cake_perf_event cake_perf_events[] = {
    {{"perf::PAGE-FAULTS", "perf::FAULTS", "perf::PERF_COUNT_SW_PAGE_FAULTS"},
     PERF_COUNT_SW_PAGE_FAULTS,
     false,
     "page faults"},
    {{"perf::MINOR-FAULTS", "perf::PERF_COUNT_SW_PAGE_FAULTS_MIN", NULL},
     PERF_COUNT_SW_PAGE_FAULTS_MIN,
     false,
     "page faults that needed no input"},
    {{"perf::MAJOR-FAULTS", "perf::PERF_COUNT_SW_PAGE_FAULTS_MAJ", NULL},
     PERF_COUNT_SW_PAGE_FAULTS_MAJ,
     false,
     "page faults that needed input"},
    {{"perf::CONTEXT-SWITCHES", "perf::CS", "perf::PERF_COUNT_SW_CONTEXT_SWITCHES"},
     PERF_COUNT_SW_CONTEXT_SWITCHES,
     true,
     "context switches"},
    {{"perf::CPU-MIGRATIONS", "perf::MIGRATIONS", "perf::PERF_COUNT_SW_CPU_MIGRATIONS"},
     PERF_COUNT_SW_CPU_MIGRATIONS,
     true,
     "moves of a thread to another CPU"},
    {{"perf::TASK-CLOCK", "perf::PERF_COUNT_SW_TASK_CLOCK", NULL},
     PERF_COUNT_SW_TASK_CLOCK,
     false,
     "time on a CPU of all threads together, in ns"},
    {{"perf::CPU-CLOCK", "perf::PERF_COUNT_SW_CPU_CLOCK", NULL},
     PERF_COUNT_SW_CPU_CLOCK,
     false,
     "the CPU clock, in ns"},
    {{"perf::ALIGNMENT-FAULTS", "perf::PERF_COUNT_SW_ALIGNMENT_FAULTS", NULL},
     PERF_COUNT_SW_ALIGNMENT_FAULTS,
     false,
     "unaligned accesses that the kernel mended"},
    {{"perf::EMULATION-FAULTS", "perf::PERF_COUNT_SW_EMULATION_FAULTS", NULL},
     PERF_COUNT_SW_EMULATION_FAULTS,
     false,
     "instructions that the kernel emulated"},
    {{NULL, NULL, NULL}, 0, false, NULL},
};

const cake_perf_event *cake_perf_find(const char *name)
{
    for (const cake_perf_event *event = cake_perf_events; event->names[0]; event++)
        for (size_t i = 0; i < 3 && event->names[i]; i++)
            if (!strcmp(event->names[i], name))
                return event;
    return NULL;
}

int cake_perf_open(const cake_perf_event *event, pid_t tid, cake_error *why)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attributes,
        .config = event->config,
        .inherit = 1,
        .exclude_hv = 1,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);

    /* Users other than root may by default count only what happens outside the kernel. */
    if (fd < 0 && (errno == EACCES || errno == EPERM) && !event->in_kernel) {
        attributes.exclude_kernel = 1;
        fd = (int)syscall(SYS_perf_event_open, &attributes, tid, -1, -1, PERF_FLAG_FD_CLOEXEC);
    }
    if (fd < 0)
        cake_perf_explain(errno, false, why);
    return fd;
}

double cake_perf_read(int fd)
{
    uint64_t value;

    return read(fd, &value, sizeof value) == (ssize_t)sizeof value ? (double)value : NAN;
}

/* Voluntary and other switches of one thread, or -1. */
static double switches_of(pid_t pid, pid_t tid)
{
    char path[64], line[128];
    unsigned long long value, sum = 0;
    int found = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)tid);
    file = fopen(path, "re");
    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &value) == 1 ||
            sscanf(line, "nonvoluntary_ctxt_switches: %llu", &value) == 1)
            sum += value, found++;
    fclose(file);
    return found == 2 ? (double)sum : -1;
}

bool cake_switches_read(pid_t pid, cake_switches *switches)
{
    char path[64];
    struct dirent *entry;
    DIR *folder;

    switches->count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    folder = opendir(path);
    if (!folder)
        return false;
    while ((entry = readdir(folder)) && switches->count < CAKE_MAX_THREADS) {
        pid_t tid = (pid_t)atoi(entry->d_name);
        double value = tid > 0 ? switches_of(pid, tid) : -1;

        if (value < 0)
            continue;
        switches->tid[switches->count] = tid;
        switches->switches[switches->count++] = value;
    }
    closedir(folder);
    return switches->count > 0 && switches->count < CAKE_MAX_THREADS;
}

double cake_switches_between(const cake_switches *from, const cake_switches *to)
{
    double sum = 0;
    size_t i, still_there = 0;

    for (size_t k = 0; k < to->count; k++) {
        sum += to->switches[k];
        for (i = 0; i < from->count && from->tid[i] != to->tid[k]; i++)
            continue;
        if (i < from->count) {
            sum -= from->switches[i];
            still_there++;
        }
    }
    return from->count > 0 && still_there == from->count ? sum : NAN;
}
