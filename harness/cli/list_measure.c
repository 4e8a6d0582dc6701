/* `layercake list machine` and `layercake list counters`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "measure/counters.h"
#include "measure/topology.h"

cake_status cake_list_machine(const cake_text_list *names, FILE *out, cake_error *error)
{
    cake_topology *topology = NULL;
    cake_status status = cake_topology_load(NULL, &topology, error);

    (void)names;
    if (status == CAKE_OK)
        cake_topology_print(topology, out);
    cake_topology_free(topology);
    return status;
}

/* What the columns of a row would be counted by, found on this process. */
static cake_status print_columns(FILE *out, cake_error *error)
{
    cake_counters *counters = NULL;
    cake_status status = cake_counters_open(cake_counter_columns, CAKE_COUNTER_COLUMNS, getpid(), &counters, error);

    if (status != CAKE_OK)
        return status;
    fprintf(out, "Columns of a row (%s):\n", cake_counters_library());
    for (size_t i = 0; i < CAKE_COUNTER_COLUMNS; i++) {
        const char *source = cake_counters_source(counters, i);

        fprintf(out, "  %-18s%s%s\n", cake_counter_columns[i],
                source ? source : "missing: ", source ? "" : cake_counters_reason(counters, i));
    }
    cake_counters_close(counters);
    return CAKE_OK;
}

/* Those that count are printed as they come; the others are kept, to be printed by reason. */
typedef struct missing {
    char *name, *description, *reason;
} missing;

typedef struct listing {
    const cake_text_list *names; /* none: all */
    FILE *out;
    bool *found; /* of each name */
    size_t there, count;
    missing *items;
    bool failed;
} listing;

static bool wanted(listing *l, const char *name)
{
    bool any = l->names->count == 0;

    for (size_t i = 0; i < l->names->count; i++)
        if (!strcmp(l->names->items[i], name))
            any = l->found[i] = true;
    return any;
}

static void visit(const cake_counter_info *info, void *user)
{
    listing *l = user;
    missing *items;

    if (!wanted(l, info->name))
        return;
    if (!info->reason) {
        if (l->there++ == 0)
            fprintf(l->out, "\nThis machine counts:\n");
        fprintf(l->out, "  %-36s %s\n", info->name, info->description);
        return;
    }
    items = realloc(l->items, (l->count + 1) * sizeof *items);
    if (!items) {
        l->failed = true;
        return;
    }
    l->items = items;
    items[l->count] = (missing){strdup(info->name), strdup(info->description), strdup(info->reason)};
    l->failed = l->failed || !items[l->count].name || !items[l->count].description || !items[l->count].reason;
    l->count++;
}

static void print_missing(const listing *l)
{
    for (size_t i = 0; i < l->count; i++) {
        bool told = false;

        for (size_t k = 0; k < i; k++)
            told = told || !strcmp(l->items[k].reason, l->items[i].reason);
        if (told)
            continue;
        fprintf(l->out, "\nNot counted: %s\n", l->items[i].reason);
        for (size_t k = i; k < l->count; k++)
            if (!strcmp(l->items[k].reason, l->items[i].reason))
                fprintf(l->out, "  %-36s %s\n", l->items[k].name, l->items[k].description);
    }
}

cake_status cake_list_counters(const cake_text_list *names, FILE *out, cake_error *error)
{
    listing l = {.names = names, .out = out, .found = calloc(names->count + 1, sizeof *l.found)};
    cake_status status;

    if (!l.found)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    status = names->count == 0 ? print_columns(out, error) : CAKE_OK;
    if (status == CAKE_OK)
        cake_counters_list(visit, &l);
    if (status == CAKE_OK && l.failed)
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    if (status == CAKE_OK)
        print_missing(&l);
    /* PAPI lists native events without their masks, yet knows them with these. */
    for (size_t i = 0; i < names->count && status == CAKE_OK; i++)
        if (!l.found[i])
            status = cake_counters_check(names->items[i], &(cake_error){""}, error);
    for (size_t i = 0; i < l.count; i++) {
        free(l.items[i].name);
        free(l.items[i].description);
        free(l.items[i].reason);
    }
    free(l.items);
    free(l.found);
    return status;
}
