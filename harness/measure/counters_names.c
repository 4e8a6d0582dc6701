#include "measure/counters_names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "measure/counters_papi.h"
#include "measure/counters_perf.h"
#include "measure/pmu.h"

const char *const cake_counter_columns[CAKE_COUNTER_COLUMNS] = {
    "cycles",        "instructions", "l1d_misses",       "l2_misses",  "llc_misses",
    "branch_misses", "page_faults",  "context_switches", "migrations", "task_clock_ns",
};

/* What a column may be counted by, the best first. PAPI's presets come before the kernel's generic events, which
 * exist on CPUs that PAPI has no presets for. */
static const struct alias {
    const char *name;
    const char *events[3];
    double scale;
    bool always;      /* any work has some, so that 0 means that the CPU does not count it */
    const char *file; /* which PAPI reads it from; NULL: the CPU's PMU */
} aliases[] = {
    {"cycles", {"PAPI_TOT_CYC", "perf::CYCLES", NULL}, 1, true, NULL},
    {"instructions", {"PAPI_TOT_INS", "perf::INSTRUCTIONS", NULL}, 1, true, NULL},
    {"l1d_misses", {"PAPI_L1_DCM", "perf::L1-DCACHE-LOAD-MISSES", NULL}, 1, true, NULL},
    {"l2_misses", {"PAPI_L2_TCM", "PAPI_L2_DCM", NULL}, 1, true, NULL},
    {"llc_misses", {"PAPI_L3_TCM", "perf::LLC-LOAD-MISSES", "perf::CACHE-MISSES"}, 1, false, NULL},
    {"branch_misses", {"PAPI_BR_MSP", "perf::BRANCH-MISSES", NULL}, 1, true, NULL},
    {"page_faults", {"perf::PAGE-FAULTS", NULL, NULL}, 1, false, NULL},
    {"context_switches", {"perf::CONTEXT-SWITCHES", NULL, NULL}, 1, false, NULL},
    {"migrations", {"perf::CPU-MIGRATIONS", NULL, NULL}, 1, false, NULL},
    {"task_clock_ns", {"perf::TASK-CLOCK", NULL, NULL}, 1, false, NULL},
    {"energy_nj", {"rapl:::PACKAGE_ENERGY:PACKAGE0", NULL, NULL}, 1, false, "/dev/cpu/0/msr"},
    {"energy_nj",
     {"powercap:::ENERGY_UJ:ZONE0", NULL, NULL},
     1e3,
     false,
     "/sys/class/powercap/intel-rapl:0/energy_uj"},
};

enum { N_ALIASES = sizeof aliases / sizeof *aliases };

/* Whether this machine counts the event; the reason if not. CAKE_NOT_FOUND: nobody knows the name. */
static cake_status probe(const char *event_name, cake_error *why)
{
    const cake_perf_event *event = cake_perf_find(event_name);
    int fd;

    if (!event)
        return cake_papi_probe(event_name, why);
    fd = cake_perf_open(event, 0, why);
    if (fd < 0)
        return CAKE_NOT_SUPPORTED;
    close(fd);
    return CAKE_OK;
}

/* As `probe`, for a column's own event. PAPI is not even started for what the machine plainly lacks: while it starts it
 * reads /proc/PID/maps and mounts, and overruns its memory where a read is cut short. */
static cake_status probe_column(const struct alias *alias, const char *event_name, cake_error *why)
{
    cake_status status = CAKE_OK;

    if (alias->file && access(alias->file, R_OK) != 0)
        status = cake_fail(why, CAKE_NOT_SUPPORTED, "%s: %s", alias->file, strerror(errno));
    else if (!alias->file && !cake_perf_find(event_name))
        status = cake_pmu_check(why);
    if (status == CAKE_OK)
        status = probe(event_name, why);
    if (status == CAKE_OK && alias->always && !cake_papi_counts(event_name))
        status =
            cake_fail(why, CAKE_NOT_SUPPORTED, "this CPU counts nothing as %s, even where there is some", event_name);
    return status;
}

static cake_status choose(const char *name, char *event, size_t size, double *scale, cake_error *why)
{
    cake_status status;
    bool known = false;

    *scale = 1;
    for (size_t a = 0; a < N_ALIASES; a++) {
        if (strcmp(aliases[a].name, name) != 0)
            continue;
        for (size_t i = 0; i < 3 && aliases[a].events[i]; i++) {
            cake_error reason = {""};

            status = probe_column(&aliases[a], aliases[a].events[i], &reason);
            /* The first candidate is the plain one; what is wrong with it is what people want to know. */
            if (!known)
                cake_fail(why, CAKE_NOT_SUPPORTED, "%s", reason.text);
            known = true;
            if (status != CAKE_OK)
                continue;
            snprintf(event, size, "%s", aliases[a].events[i]);
            *scale = aliases[a].scale;
            return CAKE_OK;
        }
    }
    if (known)
        return CAKE_NOT_SUPPORTED;
    snprintf(event, size, "%s", name);
    return probe(name, why);
}

/* Looked up once: the machine does not change while the program runs, and a trial takes milliseconds. PAPI, too, is
 * one for the whole program. */
cake_status cake_counter_resolve(const char *name, char *event, size_t size, double *scale, cake_error *why)
{
    static struct {
        char name[CAKE_COUNTER_NAME], event[CAKE_COUNTER_NAME];
        double scale;
        cake_status status;
        cake_error why;
    } known[CAKE_MAX_COUNTERS];
    static size_t count;
    size_t i = 0;

    while (i < count && strcmp(known[i].name, name) != 0)
        i++;
    if (i == count) {
        if (count == CAKE_MAX_COUNTERS)
            i = 0; /* full: the first place serves the rest */
        else
            count++;
        snprintf(known[i].name, sizeof known[i].name, "%s", name);
        known[i].why.text[0] = '\0';
        known[i].status = choose(name, known[i].event, sizeof known[i].event, &known[i].scale, &known[i].why);
    }
    snprintf(event, size, "%s", known[i].event);
    *scale = known[i].scale;
    cake_fail(why, known[i].status, "%s", known[i].why.text);
    return known[i].status;
}

cake_status cake_counter_unknown(const char *name, cake_error *error)
{
    return cake_fail(error, CAKE_E_USAGE,
                     "unknown counter '%s' (%s has none of that name): see `layercake list counters`", name,
                     cake_papi_library());
}

cake_status cake_counters_check(const char *name, cake_error *why, cake_error *error)
{
    char event[CAKE_COUNTER_NAME];
    double scale;
    cake_status status = CAKE_NOT_FOUND;

    if (*name && strlen(name) < sizeof event)
        status = cake_counter_resolve(name, event, sizeof event, &scale, why);
    if (status == CAKE_OK)
        why->text[0] = '\0';
    return status == CAKE_NOT_FOUND ? cake_counter_unknown(name, error) : CAKE_OK;
}

typedef struct listing {
    cake_counter_visit *visit;
    void *user;
} listing;

static void tell(const char *name, const char *description, bool software, const listing *l)
{
    cake_error why = {""};
    bool there = probe(name, &why) == CAKE_OK;

    l->visit(&(cake_counter_info){name, description, there ? NULL : why.text, software}, l->user);
}

static void tell_papi(const char *name, const char *description, void *user)
{
    if (!cake_perf_find(name))
        tell(name, description, false, user);
}

void cake_counters_list(cake_counter_visit *visit, void *user)
{
    listing l = {visit, user};

    for (const cake_perf_event *event = cake_perf_events; event->names[0]; event++)
        tell(event->names[0], event->description, true, &l);
    cake_papi_each(tell_papi, &l);
}

const char *cake_counters_library(void)
{
    return cake_papi_library();
}
