#include "measure/counters.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/counters_names.h"
#include "measure/counters_papi.h"
#include "measure/counters_perf.h"

typedef enum counter_kind { MISSING, SOFTWARE, SWITCHES, HARDWARE } counter_kind;

typedef struct counter {
    char name[CAKE_COUNTER_NAME];
    counter_kind kind;
    const cake_perf_event *event; /* SOFTWARE: opened on thread t as fd[t] */
    int *fd;
    char papi_name[CAKE_COUNTER_NAME]; /* HARDWARE */
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
    char event[CAKE_COUNTER_NAME];
    cake_status status = cake_counter_resolve(c->name, event, sizeof event, &c->scale, &why);

    if (status == CAKE_NOT_FOUND)
        return cake_counter_unknown(c->name, error);
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
            status = cake_counter_unknown(name, error);
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

            if (!other || strcmp(other, reason) != 0)
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
