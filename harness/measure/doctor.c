#include "measure/doctor.h"

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/cgroup.h"
#include "measure/core_clock.h"
#include "measure/machine_state.h"
#include "measure/peaks.h"
#include "measure/pmu.h"

extern char **environ;

typedef struct patient {
    const cake_topology *topology;
    const cake_machine *machine;
    const char *proc, *sys;
    cake_symptom_visit *visit;
    void *user;
} patient;

const char *cake_health_name(cake_health health)
{
    static const char *const names[] = {"good", "note", "warning"};

    return names[health];
}

static void tell(const patient *p, const char *name, cake_health health, const char *meaning, const char *command,
                 const char *value, ...) __attribute__((format(printf, 6, 7)));

static void tell(const patient *p, const char *name, cake_health health, const char *meaning, const char *command,
                 const char *value, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, value);
    vsnprintf(text, sizeof text, value, arguments);
    va_end(arguments);
    p->visit(&(cake_symptom){name, text, health, meaning, command}, p->user);
}

/* The first line of <root>/<name>; false and "" if there is none. */
static bool read_line(const char *root, const char *name, char *line, int size)
{
    char path[512];
    FILE *file;
    bool done;

    line[0] = '\0';
    if (snprintf(path, sizeof path, "%s/%s", root, name) >= (int)sizeof path || !(file = fopen(path, "re")))
        return false;
    done = fgets(line, size, file) != NULL;
    line[strcspn(line, "\n")] = '\0';
    fclose(file);
    return done;
}

static double read_number(const char *root, const char *name)
{
    char line[64];

    return read_line(root, name, line, sizeof line) ? strtod(line, NULL) : NAN;
}

/* --- Frequency ------------------------------------------------------------------------------------------------- */

static void look_at_governor(const patient *p)
{
    char first[64] = "", other[64];
    bool all_same = true;

    for (int cpu = 0; cpu < p->machine->cpus; cpu++) {
        char name[80];

        snprintf(name, sizeof name, "devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
        if (!read_line(p->sys, name, other, sizeof other))
            continue;
        if (!*first)
            snprintf(first, sizeof first, "%s", other);
        all_same = all_same && !strcmp(first, other);
    }
    if (!*first)
        tell(p, "governor", CAKE_HEALTH_NOTE, "the system does not let the frequency be chosen", "", "none");
    else if (all_same && !strcmp(first, "performance"))
        tell(p, "governor", CAKE_HEALTH_GOOD, "", "", "performance");
    else
        tell(p, "governor", CAKE_HEALTH_WARNING, "the frequency rises and falls with the load, in its own time",
             "echo performance | sudo tee /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor", "%s%s", first,
             all_same ? "" : ", others on other CPUs");
}

static void look_at_turbo(const patient *p)
{
    double off = read_number(p->sys, "devices/system/cpu/intel_pstate/no_turbo");
    double boost = read_number(p->sys, "devices/system/cpu/cpufreq/boost");

    if (isnan(off) && isnan(boost))
        tell(p, "turbo", CAKE_HEALTH_NOTE, "the system does not tell; expect frequencies that depend on the load", "",
             "unknown");
    else if (off > 0 || boost <= 0)
        tell(p, "turbo", CAKE_HEALTH_GOOD, "", "", "off");
    else
        tell(p, "turbo", CAKE_HEALTH_WARNING,
             "the frequency depends on temperature and on how many cores are busy: rounds cancel most of it",
             isnan(off) ? "echo 0 | sudo tee /sys/devices/system/cpu/cpufreq/boost"
                        : "echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo",
             "on");
}

static void look_at_frequency(const patient *p)
{
    double now = cake_machine_state_read_from(NULL, p->proc, p->sys).frequency_mhz, slowest, fastest;

    if (!cake_core_clock_range(p->topology, &slowest, &fastest)) {
        tell(p, "frequency", CAKE_HEALTH_NOTE, "cannot be measured on this CPU", "",
             isnan(now) ? "unknown" : "%.0f MHz now", now);
        return;
    }
    /* Windows of 2 ms; what was taken from the thread by others is left out. */
    tell(p, "frequency", fastest > 1.1 * slowest ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD,
         fastest > 1.1 * slowest ? "it changes while one core works: throttled, or the host is busy" : "", "",
         "%.2f to %.2f GHz under load", slowest, fastest);
}

/* --- Who else runs ------------------------------------------------------------------------------------------- */

static void look_at_smt(const patient *p)
{
    double active = read_number(p->sys, "devices/system/cpu/smt/active");

    if (active > 0)
        tell(p, "smt", CAKE_HEALTH_WARNING,
             "layercake leaves the siblings of its cores idle, but other programs may run there",
             "echo off | sudo tee /sys/devices/system/cpu/smt/control", "on");
    else
        tell(p, "smt", CAKE_HEALTH_GOOD, "", "", "%s", isnan(active) ? "none" : "off");
}

static void look_at_load(const patient *p)
{
    double load = read_number(p->proc, "loadavg");
    bool busy = load > 0.1 * p->machine->cores_allowed + 0.2;

    tell(p, "load", busy ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD, busy ? "other programs use the CPUs" : "",
         busy ? "ps -eo pcpu,pid,args --sort=-pcpu | head" : "", "%.2f in the last minute", load);
}

static void look_at_steal(const patient *p, const cake_machine_state *before)
{
    cake_machine_state after = cake_machine_state_read_from(NULL, p->proc, p->sys);
    double since_boot = 100 * after.steal_s / (after.steal_s + after.busy_s);
    double recent = cake_machine_state_between(before, &after, p->machine->cpus, 0).steal * 100;
    bool high = since_boot > 1 || recent > 1;

    if (isnan(since_boot))
        tell(p, "steal", CAKE_HEALTH_NOTE, "the system does not tell", "", "unknown");
    else
        tell(p, "steal", high ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD,
             high ? "the host of this virtual machine gives its CPUs to others: only another host mends that" : "",
             "", "%.2f %% of busy time since boot, %.1f %% just now", since_boot, recent);
}

static void look_at_virtualisation(const patient *p)
{
    bool is = cake_is_virtual_machine();

    tell(p, "machine", is ? CAKE_HEALTH_NOTE : CAKE_HEALTH_GOOD,
         is ? "neighbours on the host share caches, memory bandwidth and power" : "", "", "%s, %s",
         is ? "virtual" : "physical", p->machine->cpu);
}

/* --- What may be used ------------------------------------------------------------------------------------------ */

static void look_at_cpus(const patient *p)
{
    const cake_machine *m = p->machine;
    bool fewer = m->cores_allowed < m->cores;

    tell(p, "cpuset", fewer ? CAKE_HEALTH_NOTE : CAKE_HEALTH_GOOD,
         fewer ? "affinity or the control group leaves some cores to others" : "", "", "%d of %d cores, CPUs %s",
         m->cores_allowed, m->cores, m->cpus_allowed_list);
    if (m->cpu_quota > 0)
        tell(p, "quota", CAKE_HEALTH_WARNING,
             "threads are stopped for the rest of each period once the quota is used up",
             "docker update --cpus 0 CONTAINER, or the limit in the pod's specification", "%.2f CPUs", m->cpu_quota);
    else
        tell(p, "quota", CAKE_HEALTH_GOOD, "", "", "none");
}

static void look_at_numa(const patient *p)
{
    double balancing = read_number(p->proc, "sys/kernel/numa_balancing");

    if (p->machine->numa_nodes > 1 && balancing > 0)
        tell(p, "numa", CAKE_HEALTH_WARNING, "the kernel moves pages between nodes while kernels run",
             "sudo sysctl -w kernel.numa_balancing=0", "%d nodes, balancing on", p->machine->numa_nodes);
    else
        tell(p, "numa", CAKE_HEALTH_GOOD, "", "", "%d node%s", p->machine->numa_nodes,
             p->machine->numa_nodes == 1 ? "" : "s, balancing off");
}

static void look_at_memory(const patient *p)
{
    cake_machine_state state = cake_machine_state_read_from(NULL, p->proc, p->sys);
    double gib = (double)state.memory_available_bytes / 0x1p30,
           limit = (double)p->machine->memory_limit_bytes / 0x1p30;
    bool little = gib < 2;

    tell(p, "memory", little ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD,
         little ? "large workloads are refused, or swapped" : "",
         little ? "ps -eo rss,pid,args --sort=-rss | head" : "",
         limit > 0 ? "%.1f GiB available, limit %.1f GiB" : "%.1f GiB available", gib, limit);
}

/* The word in brackets of "always [madvise] never". */
static void chosen_word(const char *line, char *word, size_t size)
{
    const char *open = strchr(line, '['), *close = open ? strchr(open, ']') : NULL;

    snprintf(word, size, "%.*s", close ? (int)(close - open - 1) : 0, close ? open + 1 : "");
}

static void look_at_huge_pages(const patient *p)
{
    char line[128], word[32];

    read_line(p->sys, "kernel/mm/transparent_hugepage/enabled", line, sizeof line);
    chosen_word(line, word, sizeof word);
    if (!*word)
        tell(p, "huge pages", CAKE_HEALTH_NOTE, "the kernel was built without them", "", "none");
    else if (!strcmp(word, "never"))
        tell(p, "huge pages", CAKE_HEALTH_WARNING, "streams through 4 KiB pages are up to 1.3 times slower",
             "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled", "never");
    else
        tell(p, "huge pages", CAKE_HEALTH_GOOD, "", "", "%s", word);
}

/* --- Counting and timing -----------------------------------------------------------------------------------------
 */

static void look_at_counters(const patient *p)
{
    double paranoid = read_number(p->proc, "sys/kernel/perf_event_paranoid");
    cake_error why = {""};
    bool pmu = cake_pmu_check(&why) == CAKE_OK, strict = paranoid > (geteuid() == 0 ? 2 : 1);

    if (isnan(paranoid))
        tell(p, "perf_event_paranoid", CAKE_HEALTH_NOTE, "the kernel was built without perf events", "", "none");
    else
        tell(p, "perf_event_paranoid", strict ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD,
             strict ? "users cannot count migrations above 1, nor anything above 2, nor can PAPI for root" : "",
             strict ? "sudo sysctl -w kernel.perf_event_paranoid=1" : "", "%.0f%s", paranoid,
             geteuid() == 0 ? ", root may count all" : "");
    tell(p, "pmu", pmu ? CAKE_HEALTH_GOOD : CAKE_HEALTH_NOTE, why.text, "", pmu ? "counts" : "none");
}

static void look_at_clock(const patient *p)
{
    char source[64];
    bool slow;

    read_line(p->sys, "devices/system/clocksource/clocksource0/current_clocksource", source, sizeof source);
    slow = !strcmp(source, "hpet") || !strcmp(source, "acpi_pm") || !strcmp(source, "xen");
    tell(p, "clock", slow ? CAKE_HEALTH_WARNING : CAKE_HEALTH_GOOD,
         slow ? "each look at it takes a system call and a microsecond" : "",
         slow ? "echo tsc | sudo tee /sys/devices/system/clocksource/clocksource0/current_clocksource" : "", "%s",
         *source ? source : "unknown");
}

/* Variables that steer thread pools. Workers do not get them, but --in-process has them. */
static void look_at_environment(const patient *p)
{
    static const char *const prefixes[] = {"OMP_", "GOMP_", "KMP_", "OPENBLAS_", "BLIS_", "MKL_", "GOTO_", "DNNL_"};
    char found[256] = "";
    size_t length = 0;

    for (char **entry = environ; *entry; entry++)
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            if (!strncmp(*entry, prefixes[i], strlen(prefixes[i])) && length < sizeof found)
                length += (size_t)snprintf(found + length, sizeof found - length, "%s%s", length ? " " : "", *entry);
    tell(p, "thread pools", *found ? CAKE_HEALTH_NOTE : CAKE_HEALTH_GOOD,
         *found ? "these settings reach kernels only with --in-process; workers get their own" : "", "", "%s",
         *found ? found : "nothing set in the environment");
}

void cake_doctor_from(const cake_topology *topology, const char *proc, const char *sys, cake_symptom_visit *visit,
                      void *user)
{
    const patient p = {topology, cake_topology_machine(topology), proc, sys, visit, user};
    cake_machine_state before = cake_machine_state_read_from(NULL, proc, sys);

    look_at_virtualisation(&p);
    look_at_governor(&p);
    look_at_turbo(&p);
    look_at_frequency(&p);
    look_at_smt(&p);
    look_at_load(&p);
    look_at_steal(&p, &before);
    look_at_cpus(&p);
    look_at_numa(&p);
    look_at_memory(&p);
    look_at_huge_pages(&p);
    look_at_counters(&p);
    look_at_clock(&p);
    look_at_environment(&p);
}

void cake_doctor(const cake_topology *topology, cake_symptom_visit *visit, void *user)
{
    cake_doctor_from(topology, "/proc", "/sys", visit, user);
}
