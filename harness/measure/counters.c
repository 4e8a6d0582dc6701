#include "measure/counters.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/counters_papi.h"
#include "measure/counters_perf.h"

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
} aliases[] = {
    {"cycles", {"PAPI_TOT_CYC", "perf::CYCLES", NULL}, 1},
    {"instructions", {"PAPI_TOT_INS", "perf::INSTRUCTIONS", NULL}, 1},
    {"l1d_misses", {"PAPI_L1_DCM", "perf::L1-DCACHE-LOAD-MISSES", NULL}, 1},
    {"l2_misses", {"PAPI_L2_TCM", "PAPI_L2_DCM", NULL}, 1},
    {"llc_misses", {"PAPI_L3_TCM", "perf::LLC-LOAD-MISSES", "perf::CACHE-MISSES"}, 1},
    {"branch_misses", {"PAPI_BR_MSP", "perf::BRANCH-MISSES", NULL}, 1},
    {"page_faults", {"perf::PAGE-FAULTS", NULL, NULL}, 1},
    {"context_switches", {"perf::CONTEXT-SWITCHES", NULL, NULL}, 1},
    {"migrations", {"perf::CPU-MIGRATIONS", NULL, NULL}, 1},
    {"task_clock_ns", {"perf::TASK-CLOCK", NULL, NULL}, 1},
    {"energy_nj", {"rapl:::PACKAGE_ENERGY:PACKAGE0", NULL, NULL}, 1},
    {"energy_nj", {"powercap:::ENERGY_UJ:ZONE0", NULL, NULL}, 1e3},
};

enum { N_ALIASES = sizeof aliases / sizeof *aliases, NAME_SIZE = 128 };

typedef enum counter_kind { MISSING, SOFTWARE, SWITCHES, HARDWARE } counter_kind;

typedef struct counter {
    char name[NAME_SIZE];
    counter_kind kind;
    const cake_perf_event *event; /* SOFTWARE: opened on thread t as fd[t] */
    int *fd;
    char papi_name[NAME_SIZE]; /* HARDWARE */
    size_t papi_index;
    double scale;
    char source[192];
    char reason[256];
    double begin;
} counter;

struct cake_counters {
    pid_t pid;
    size_t n_tids;
    pid_t tids[CAKE_MAX_THREADS];
    size_t count;
    counter counter[CAKE_MAX_COUNTERS];
    cake_papi *papi;
    bool multiplexed;
    bool reads_switches;
    cake_switches before, after;
};

/* --- Names --------------------------------------------------------------------------------------------------- */

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

/* Choose the event for a name: a column's, or an event's itself. Fills `event` and `scale`. */
static cake_status resolve(const char *name, char *event, size_t size, double *scale, cake_error *why)
{
    cake_status status;
    bool known = false;

    *scale = 1;
    for (size_t a = 0; a < N_ALIASES; a++) {
        if (strcmp(aliases[a].name, name))
            continue;
        for (size_t i = 0; i < 3 && aliases[a].events[i]; i++) {
            cake_error reason = {""};

            status = probe(aliases[a].events[i], &reason);
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

static cake_status unknown(const char *name, cake_error *error)
{
    return cake_fail(error, CAKE_E_USAGE,
                     "unknown counter '%s' (%s has none of that name): see `layercake list counters`", name,
                     cake_papi_library());
}

cake_status cake_counters_check(const char *name, cake_error *error)
{
    char event[NAME_SIZE];
    double scale;

    if (!*name || strlen(name) >= sizeof event || resolve(name, event, sizeof event, &scale, error) == CAKE_NOT_FOUND)
        return unknown(name, error);
    return CAKE_OK;
}

/* --- Opening ------------------------------------------------------------------------------------------------- */

static cake_status list_threads(cake_counters *counters, cake_error *error)
{
    char path[64];
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof path, "/proc/%d/task", (int)counters->pid);
    folder = opendir(path);
    if (!folder)
        return cake_fail(error, CAKE_E_WORKER, "counters: there is no process %d", (int)counters->pid);
    while ((entry = readdir(folder)) && counters->n_tids < CAKE_MAX_THREADS)
        if (atoi(entry->d_name) > 0)
            counters->tids[counters->n_tids++] = (pid_t)atoi(entry->d_name);
    closedir(folder);
    return CAKE_OK;
}

static void close_software(cake_counters *counters, counter *c)
{
    for (size_t t = 0; c->fd && t < counters->n_tids; t++)
        if (c->fd[t] >= 0)
            close(c->fd[t]);
    free(c->fd);
    c->fd = NULL;
}

static cake_status open_software(cake_counters *counters, counter *c, cake_error *error)
{
    cake_error why = {""};

    c->fd = calloc(counters->n_tids, sizeof *c->fd);
    if (!c->fd)
        return cake_fail(error, CAKE_E_MEMORY, "counters: out of memory");
    c->kind = SOFTWARE;
    snprintf(c->source, sizeof c->source, "perf_event_open %s", c->event->names[0]);
    memset(c->fd, 0xff, counters->n_tids * sizeof *c->fd); /* all -1 */
    for (size_t t = 0; t < counters->n_tids; t++) {
        c->fd[t] = cake_perf_open(c->event, counters->tids[t], &why);
        if (c->fd[t] >= 0)
            continue;
        snprintf(c->reason, sizeof c->reason, "%.255s", why.text);
        close_software(counters, c);
        c->kind = MISSING;
        return CAKE_OK;
    }
    return CAKE_OK;
}

/* Decide how to count, and open what needs no PAPI. */
static cake_status open_counter(cake_counters *counters, counter *c, cake_error *error)
{
    cake_error why = {""};
    char event[NAME_SIZE];
    cake_status status = resolve(c->name, event, sizeof event, &c->scale, &why);

    if (status == CAKE_NOT_FOUND)
        return unknown(c->name, error);
    c->event = status == CAKE_OK ? cake_perf_find(event) : NULL;
    if (c->event) {
        status = open_software(counters, c, error);
        if (status != CAKE_OK)
            return status;
        status = c->kind == MISSING ? CAKE_NOT_SUPPORTED : CAKE_OK;
    } else if (status == CAKE_OK) {
        c->kind = HARDWARE;
        snprintf(c->papi_name, sizeof c->papi_name, "%s", event);
        snprintf(c->source, sizeof c->source, "PAPI %s", event);
    } else {
        snprintf(c->reason, sizeof c->reason, "%.255s", why.text);
    }
    if (status != CAKE_OK && !strcmp(c->name, "context_switches") &&
        cake_switches_read(counters->pid, &counters->before)) {
        c->kind = SWITCHES;
        counters->reads_switches = true;
        snprintf(c->source, sizeof c->source, "/proc/PID/task/*/status");
    }
    return CAKE_OK;
}

/* All of PAPI's events in one go; if that fails none of them is had. */
static cake_status open_papi(cake_counters *counters, cake_error *error)
{
    const char *names[CAKE_MAX_COUNTERS];
    size_t count = 0;
    cake_error why = {""};
    cake_status status;

    for (size_t i = 0; i < counters->count; i++)
        if (counters->counter[i].kind == HARDWARE) {
            counters->counter[i].papi_index = count;
            names[count++] = counters->counter[i].papi_name;
        }
    if (count == 0)
        return CAKE_OK;
    status =
        cake_papi_open(names, count, counters->tids, counters->n_tids, &counters->multiplexed, &counters->papi, &why);
    if (status == CAKE_E_MEMORY)
        return cake_fail(error, status, "%s", why.text);
    for (size_t i = 0; i < counters->count && status != CAKE_OK; i++) {
        counter *c = &counters->counter[i];

        if (c->kind != HARDWARE)
            continue;
        c->kind = MISSING;
        snprintf(c->reason, sizeof c->reason, "%.255s", why.text);
    }
    return CAKE_OK;
}

cake_status cake_counters_open(const char *const *names, size_t count, pid_t pid, cake_counters **out,
                               cake_error *error)
{
    cake_counters *counters;
    cake_status status = CAKE_OK;

    if (count > CAKE_MAX_COUNTERS)
        return cake_fail(error, CAKE_E_USAGE, "counters: expected at most %d, found %zu", CAKE_MAX_COUNTERS, count);
    counters = calloc(1, sizeof *counters);
    if (!counters)
        return cake_fail(error, CAKE_E_MEMORY, "counters: out of memory");
    counters->pid = pid;
    status = list_threads(counters, error);
    for (; counters->count < count && status == CAKE_OK; counters->count++) {
        const char *name = names[counters->count];
        counter *c = &counters->counter[counters->count];

        if (strlen(name) >= sizeof c->name) {
            status = unknown(name, error);
            break;
        }
        snprintf(c->name, sizeof c->name, "%s", name);
        status = open_counter(counters, c, error);
    }
    if (status == CAKE_OK)
        status = open_papi(counters, error);
    if (status != CAKE_OK) {
        cake_counters_close(counters);
        return status;
    }
    *out = counters;
    return CAKE_OK;
}

void cake_counters_close(cake_counters *counters)
{
    if (!counters)
        return;
    for (size_t i = 0; i < counters->count; i++)
        close_software(counters, &counters->counter[i]);
    cake_papi_close(counters->papi);
    free(counters);
}

/* --- Counting ------------------------------------------------------------------------------------------------ */

/* The count so far of everything but context switches from /proc. */
static void read_totals(cake_counters *counters, double *totals)
{
    double papi[CAKE_MAX_COUNTERS];

    if (counters->papi)
        cake_papi_read(counters->papi, papi);
    for (size_t i = 0; i < counters->count; i++) {
        const counter *c = &counters->counter[i];

        totals[i] = c->kind == HARDWARE ? papi[c->papi_index] * c->scale : 0;
        for (size_t t = 0; c->kind == SOFTWARE && t < counters->n_tids; t++)
            totals[i] += cake_perf_read(c->fd[t]);
    }
}

void cake_counters_begin(cake_counters *counters)
{
    double totals[CAKE_MAX_COUNTERS];

    if (counters->reads_switches && !cake_switches_read(counters->pid, &counters->before))
        counters->before.count = 0;
    read_totals(counters, totals);
    for (size_t i = 0; i < counters->count; i++)
        counters->counter[i].begin = totals[i];
}

void cake_counters_end(cake_counters *counters, double *values)
{
    read_totals(counters, values);
    if (counters->reads_switches && !cake_switches_read(counters->pid, &counters->after))
        counters->after.count = 0;
    for (size_t i = 0; i < counters->count; i++) {
        const counter *c = &counters->counter[i];

        values[i] = c->kind == MISSING    ? NAN
                    : c->kind == SWITCHES ? cake_switches_between(&counters->before, &counters->after)
                                          : values[i] - c->begin;
        if (values[i] < 0) /* an estimate of a multiplexed counter, which may go back */
            values[i] = NAN;
    }
}

/* --- For people ---------------------------------------------------------------------------------------------- */

const char *cake_counters_source(const cake_counters *counters, size_t i)
{
    return counters->counter[i].kind == MISSING ? NULL : counters->counter[i].source;
}

const char *cake_counters_reason(const cake_counters *counters, size_t i)
{
    return counters->counter[i].kind == MISSING ? counters->counter[i].reason : NULL;
}

bool cake_counters_multiplexed(const cake_counters *counters)
{
    return counters->multiplexed;
}

const char *cake_counters_notes(const cake_counters *counters, char *text, size_t size)
{
    bool told[CAKE_MAX_COUNTERS] = {false};
    FILE *file = fmemopen(text, size, "w");

    text[0] = '\0';
    if (!file)
        return text;
    for (size_t i = 0; i < counters->count; i++) {
        const char *reason = cake_counters_reason(counters, i);

        if (!reason || told[i])
            continue;
        fprintf(file, "no counts of");
        for (size_t k = i; k < counters->count; k++) {
            const char *other = cake_counters_reason(counters, k);

            if (!other || strcmp(other, reason))
                continue;
            told[k] = true;
            fprintf(file, "%s %s", k == i ? "" : ",", counters->counter[k].name);
        }
        fprintf(file, ": %s\n", reason);
    }
    if (counters->multiplexed)
        fprintf(file, "more hardware events than this CPU has counters: each counts by turns, the values are "
                      "estimates\n");
    fclose(file);
    text[size - 1] = '\0';
    return text;
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
