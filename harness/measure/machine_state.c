#include "measure/machine_state.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "measure/cgroup.h"

static const double least_s = 0.1, steal_limit = 0.01, load_limit = 0.05, frequency_limit = 0.05;

static FILE *open_file(const char *root, const char *name)
{
    char path[512];

    return snprintf(path, sizeof path, "%s/%s", root, name) < (int)sizeof path ? fopen(path, "re") : NULL;
}

static bool has_cpu(const cake_placement *placement, int cpu)
{
    return !placement ||
           (cpu < CAKE_MAX_CPUS && placement->cpu_mask[cpu / CAKE_MASK_BITS] >> cpu % CAKE_MASK_BITS & 1);
}

/* Columns of /proc/stat after the name: user nice system idle iowait irq softirq steal, in clock ticks. */
static void read_cpu_times(cake_machine_state *state, const cake_placement *placement, const char *proc)
{
    FILE *file = open_file(proc, "stat");
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK), t[8], busy = 0, steal = 0;
    char line[512];
    bool found = false;
    int cpu;

    while (file && fgets(line, sizeof line, file) && !strncmp(line, "cpu", 3)) {
        /* The first line, "cpu  ...", adds up all. */
        if (line[3] == ' ' ||
            sscanf(line, "cpu%d %lf %lf %lf %lf %lf %lf %lf %lf", &cpu, &t[0], &t[1], &t[2], &t[3], &t[4], &t[5],
                   &t[6], &t[7]) != 9 ||
            !has_cpu(placement, cpu))
            continue;
        busy += (t[0] + t[1] + t[2] + t[5] + t[6]) * tick;
        steal += t[7] * tick;
        found = true;
    }
    if (file)
        fclose(file);
    state->busy_s = found ? busy : NAN;
    state->steal_s = found ? steal : NAN;
}

/* What cpufreq says of each CPU; /proc/cpuinfo tells the same more slowly, and in a virtual machine a constant. */
static double read_frequency(const cake_placement *placement, const char *sys)
{
    long cpus = sysconf(_SC_NPROCESSORS_CONF);
    double sum = 0, khz;
    int found = 0;

    for (int cpu = 0; cpu < cpus; cpu++) {
        char name[80];
        FILE *file;

        if (!has_cpu(placement, cpu))
            continue;
        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
        file = open_file(sys, name);
        if (!file)
            continue;
        if (fscanf(file, "%lf", &khz) == 1) {
            sum += khz * 1e-3;
            found++;
        }
        fclose(file);
    }
    return found ? sum / found : NAN;
}

static void read_memory(cake_machine_state *state, const char *proc)
{
    FILE *file = open_file(proc, "meminfo");
    char line[256];
    int64_t kib;

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1)
            state->memory_available_bytes = kib * 1024;
    if (file)
        fclose(file);
}

static double monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

cake_machine_state cake_machine_state_read_from(const cake_placement *placement, const char *proc, const char *sys)
{
    cake_machine_state state = {.at_s = monotonic(), .load_average = NAN};
    FILE *file = open_file(proc, "loadavg");

    if (file) {
        if (fscanf(file, "%lf", &state.load_average) != 1)
            state.load_average = NAN;
        fclose(file);
    }
    read_cpu_times(&state, placement, proc);
    read_memory(&state, proc);
    state.frequency_mhz = read_frequency(placement, sys);
    state.throttled_s = cake_cgroup_throttled(proc, sys);
    return state;
}

cake_machine_state cake_machine_state_read(const cake_placement *placement)
{
    return cake_machine_state_read_from(placement, "/proc", "/sys");
}

cake_disturbance cake_machine_state_between(const cake_machine_state *before, const cake_machine_state *after,
                                            int cpus, double own_cpu_s)
{
    cake_disturbance d = {.seconds = after->at_s - before->at_s};
    double had = d.seconds * cpus;

    d.others = fmax(0, after->busy_s - before->busy_s - own_cpu_s) / had;
    if (isnan(after->busy_s) || isnan(before->busy_s) || isnan(own_cpu_s))
        d.others = NAN;
    d.steal = (after->steal_s - before->steal_s) / had;
    d.throttled = (after->throttled_s - before->throttled_s) / d.seconds;
    d.frequency = after->frequency_mhz / before->frequency_mhz - 1;
    return d;
}

const char *cake_disturbance_flags(const cake_disturbance *disturbance, char *text, size_t size)
{
    const struct {
        const char *name;
        bool set;
    } flags[] = {
        {"steal", disturbance->steal > steal_limit},
        {"load", disturbance->others > load_limit},
        {"throttled", disturbance->throttled > 0},
        {"frequency", fabs(disturbance->frequency) > frequency_limit},
    };
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof flags / sizeof *flags && disturbance->seconds >= least_s; i++)
        if (flags[i].set && length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%s", length ? ";" : "", flags[i].name);
    return text;
}
