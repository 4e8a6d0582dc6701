#include "measure/counters_papi.h"

#include <math.h>
#include <papi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/counters.h"
#include "measure/counters_trial.h"
#include "measure/pmu.h"

/* PAPI's event sets count one component's events, on one thread and what it starts. So there is one set for each
 * thread and component, but for components that count the whole machine, like energy: one set. */
typedef struct event_set {
    int set; /* PAPI_NULL: not made */
    int component;
    size_t count;
    size_t *index; /* of the caller's names, in the set's order */
} event_set;

struct cake_papi {
    size_t count; /* of the caller's names */
    size_t n_sets;
    event_set *sets;
};

enum { CPU_COMPONENT = 0 }; /* perf_event: the first, by PAPI's rule */

const char *cake_papi_library(void)
{
    static char text[32];

    snprintf(text, sizeof text, "PAPI %d.%d.%d", PAPI_VERSION_MAJOR(PAPI_VERSION), PAPI_VERSION_MINOR(PAPI_VERSION),
             PAPI_VERSION_REVISION(PAPI_VERSION));
    return text;
}

/* Once in the process; PAPI has no second instance. */
static cake_status initialise(cake_error *why)
{
    int version;

    if (PAPI_is_initialized() != PAPI_NOT_INITED)
        return CAKE_OK;
    version = PAPI_library_init(PAPI_VER_CURRENT);
    if (version != PAPI_VER_CURRENT)
        return cake_fail(why, CAKE_NOT_SUPPORTED, "PAPI does not start: %s",
                         version > 0 ? "its library is of another version than its header" : PAPI_strerror(version));
    PAPI_multiplex_init();
    return CAKE_OK;
}

static int code_of(const char *name, int *code)
{
    char copy[PAPI_HUGE_STR_LEN];

    snprintf(copy, sizeof copy, "%s", name);
    return PAPI_event_name_to_code(copy, code);
}

static void destroy(int set)
{
    if (set == PAPI_NULL)
        return;
    PAPI_stop(set, NULL);
    PAPI_cleanup_eventset(set);
    PAPI_destroy_eventset(&set);
}

/* An empty set; of the CPU: for thread `tid` and its children (0: this thread). */
static int make(int component, pid_t tid, bool multiplexed, int *set)
{
    PAPI_option_t option;
    int result;

    *set = PAPI_NULL;
    result = PAPI_create_eventset(set);
    if (result == PAPI_OK)
        result = PAPI_assign_eventset_component(*set, component);
    if (result == PAPI_OK && multiplexed)
        result = PAPI_set_multiplex(*set);
    if (result == PAPI_OK && tid && component == CPU_COMPONENT) {
        memset(&option, 0, sizeof option);
        option.inherit.eventset = *set;
        option.inherit.inherit = PAPI_INHERIT_ALL;
        result = PAPI_set_opt(PAPI_INHERIT, &option);
        if (result == PAPI_OK)
            result = PAPI_attach(*set, (unsigned long)tid);
    }
    return result;
}

/* Whether a component works at all. */
static cake_status check_component(int index, cake_error *why)
{
    const PAPI_component_info_t *component = PAPI_get_component_info(index);

    if (!component || !component->disabled)
        return CAKE_OK;
    /* Where there is nothing to count with, PAPI's own reason is just what it stumbled over. */
    if (index == CPU_COMPONENT && cake_pmu_check(why) != CAKE_OK)
        return CAKE_NOT_SUPPORTED;
    return cake_fail(
        why, CAKE_NOT_SUPPORTED, "PAPI's component %s: %s%s", component->name, component->disabled_reason,
        index == CPU_COMPONENT && cake_perf_paranoid() > 2 ? " (mend: sysctl -w kernel.perf_event_paranoid=1)" : "");
}

/* One of PAPI's presets, whether or not this CPU has it. */
static bool is_preset(const char *name)
{
    PAPI_event_info_t info;
    int code = PAPI_PRESET_MASK;

    for (int result = PAPI_enum_event(&code, PAPI_ENUM_FIRST); result == PAPI_OK;
         result = PAPI_enum_event(&code, PAPI_ENUM_EVENTS))
        if (PAPI_get_event_info(code, &info) == PAPI_OK && strcmp(info.symbol, name) == 0)
            return true;
    return false;
}

/* PAPI_num_hwctrs also says 6 where there is no PMU, so the only test is to add the event to a set. */
cake_status cake_papi_probe(const char *name, cake_error *why)
{
    int code = 0, set, result, component;

    if (initialise(why) != CAKE_OK)
        return CAKE_NOT_SUPPORTED;
    if (code_of(name, &code) != PAPI_OK) {
        /* Without a PMU that it knows and may use, PAPI knows no names but its presets'. */
        if (check_component(CPU_COMPONENT, why) != CAKE_OK && (strncmp(name, "PAPI_", 5) != 0 || is_preset(name)))
            return CAKE_NOT_SUPPORTED;
        return cake_fail(why, CAKE_NOT_FOUND, "%s has no event '%s'", cake_papi_library(), name);
    }
    component = PAPI_get_event_component(code);
    if (check_component(component, why) != CAKE_OK || (component == CPU_COMPONENT && cake_pmu_check(why) != CAKE_OK))
        return CAKE_NOT_SUPPORTED;
    result = make(component, 0, false, &set);
    if (result == PAPI_OK)
        result = PAPI_add_event(set, code);
    destroy(set);
    if (result == PAPI_OK)
        return CAKE_OK;
    return cake_fail(why, CAKE_NOT_SUPPORTED, "this CPU, or %s for it, has no such event (%s)", cake_papi_library(),
                     PAPI_strerror(result));
}

bool cake_papi_counts(const char *name)
{
    long long count = 0;
    int code = 0, set = PAPI_NULL;
    bool counts;

    if (code_of(name, &code) != PAPI_OK)
        return false;
    counts = make(PAPI_get_event_component(code), 0, false, &set) == PAPI_OK &&
             PAPI_add_event(set, code) == PAPI_OK && PAPI_start(set) == PAPI_OK;
    if (counts) {
        cake_counters_trial_work();
        counts = PAPI_read(set, &count) == PAPI_OK && count > 0;
    }
    destroy(set);
    return counts;
}

/* Make, fill and start one set. */
static int start(event_set *set, const int *codes, pid_t tid, bool multiplexed)
{
    int result = make(set->component, tid, multiplexed, &set->set);

    for (size_t i = 0; i < set->count && result == PAPI_OK; i++)
        result = PAPI_add_event(set->set, codes[set->index[i]]);
    if (result == PAPI_OK)
        result = PAPI_start(set->set);
    if (result != PAPI_OK) {
        destroy(set->set);
        set->set = PAPI_NULL;
    }
    return result;
}

/* Whether the CPU has counters for all of the set's events at once. A set with inheritance does not tell: its events
 * are no group, so PAPI adds too many of them without a word, and then all read 0. One without does. */
static bool fits(const event_set *set, const int *codes)
{
    event_set trial = *set;

    if (start(&trial, codes, 0, false) != PAPI_OK)
        return false;
    destroy(trial.set);
    return true;
}

/* Append a set of that component's events for thread `tid`: all at once if they fit, else by turns. */
static cake_status append(cake_papi *papi, int component, const int *codes, pid_t tid, bool *multiplexed,
                          cake_error *error)
{
    event_set *set = &papi->sets[papi->n_sets];
    int result;

    *set = (event_set){PAPI_NULL, component, 0, calloc(papi->count, sizeof *set->index)};
    if (!set->index)
        return cake_fail(error, CAKE_E_MEMORY, "counters: out of memory");
    papi->n_sets++;
    for (size_t i = 0; i < papi->count; i++)
        if (PAPI_get_event_component(codes[i]) == component)
            set->index[set->count++] = i;
    if (component == CPU_COMPONENT && papi->n_sets == 1)
        *multiplexed = !fits(set, codes);
    result = start(set, codes, tid, *multiplexed && component == CPU_COMPONENT);
    if (result != PAPI_OK)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "PAPI cannot attach to the worker: %s", PAPI_strerror(result));
    return CAKE_OK;
}

cake_status cake_papi_open(const char *const *names, size_t count, const pid_t *tids, size_t n_tids,
                           bool *multiplexed, cake_papi **opened, cake_error *error)
{
    cake_papi *papi = calloc(1, sizeof *papi);
    int *codes = calloc(count + 1, sizeof *codes), components = 0;
    cake_status status = initialise(error);

    *multiplexed = false;
    if (status != CAKE_OK)
        goto out;
    components = PAPI_num_components();
    if (papi)
        papi->sets = calloc(n_tids + (size_t)components, sizeof *papi->sets);
    if (!papi || !codes || !papi->sets) {
        status = cake_fail(error, CAKE_E_MEMORY, "counters: out of memory");
        goto out;
    }
    papi->count = count;
    for (size_t i = 0; i < count && status == CAKE_OK; i++)
        if (code_of(names[i], &codes[i]) != PAPI_OK)
            status = cake_fail(error, CAKE_NOT_SUPPORTED, "PAPI has no event '%s'", names[i]);
    for (int component = 0; component < components && status == CAKE_OK; component++) {
        size_t used = 0, sets = component == CPU_COMPONENT ? n_tids : 1;

        for (size_t i = 0; i < count; i++)
            used += PAPI_get_event_component(codes[i]) == component;
        for (size_t t = 0; used > 0 && t < sets && status == CAKE_OK; t++)
            status = append(papi, component, codes, component == CPU_COMPONENT ? tids[t] : 0, multiplexed, error);
    }
    if (status != CAKE_OK)
        goto out;
    *opened = papi;
    papi = NULL;
out:
    free(codes);
    cake_papi_close(papi);
    return status;
}

void cake_papi_read(cake_papi *papi, double *values)
{
    for (size_t i = 0; i < papi->count; i++)
        values[i] = 0;
    for (size_t s = 0; s < papi->n_sets; s++) {
        const event_set *set = &papi->sets[s];
        long long counts[CAKE_MAX_COUNTERS];
        bool read = set->count <= CAKE_MAX_COUNTERS && PAPI_read(set->set, counts) == PAPI_OK;

        for (size_t i = 0; i < set->count; i++)
            values[set->index[i]] += read ? (double)counts[i] : NAN;
    }
}

void cake_papi_close(cake_papi *papi)
{
    if (!papi)
        return;
    for (size_t s = 0; s < papi->n_sets; s++) {
        destroy(papi->sets[s].set);
        free(papi->sets[s].index);
    }
    free(papi->sets);
    free(papi);
}

void cake_papi_each(cake_papi_visit *visit, void *user)
{
    PAPI_event_info_t info;
    int code = PAPI_PRESET_MASK, result;

    if (initialise(NULL) != CAKE_OK)
        return;
    /* Presets whether or not the CPU's component works. */
    for (result = PAPI_enum_event(&code, PAPI_ENUM_FIRST); result == PAPI_OK;
         result = PAPI_enum_event(&code, PAPI_ENUM_EVENTS))
        if (PAPI_get_event_info(code, &info) == PAPI_OK)
            visit(info.symbol, info.long_descr, user);
    for (int component = 0; component < PAPI_num_components(); component++) {
        code = PAPI_NATIVE_MASK;
        for (result = PAPI_enum_cmp_event(&code, PAPI_ENUM_FIRST, component); result == PAPI_OK;
             result = PAPI_enum_cmp_event(&code, PAPI_ENUM_EVENTS, component))
            if (PAPI_get_event_info(code, &info) == PAPI_OK)
                visit(info.symbol, info.long_descr, user);
    }
}
