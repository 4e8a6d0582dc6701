#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/params.h"
#include "plan/workload.h"

/* Would a parse of only the keys in `keep` give the same parameters? */
static bool same_with(const cake_op *op, const void *params, const bool *keep, int count)
{
    void *trial = cake_params_new(op);
    bool same = false;

    if (!trial)
        return false;
    for (int i = 0; i < count; i++)
        if (keep[i])
            cake_param_copy(&op->params[i], trial, params);
    if (op->validate(trial, NULL) == CAKE_OK)
        same = memcmp(trial, params, op->params_size) == 0;
    free(trial);
    return same;
}

/* The alias that says most of the keys still to be written at once, or -1. */
static int best_alias(const cake_op *op, const void *params, const bool *write, int first, int count)
{
    int best = -1, best_sets = 1;

    for (int a = 0; a < count; a++) {
        const cake_param *alias = &op->params[a];
        bool fits = true, has_first = false;
        int sets = 0;

        if (alias->kind != CAKE_PARAM_ALIAS)
            continue;
        for (; sets < 8 && alias->sets[sets]; sets++) {
            int key = cake_params_find(op, alias->sets[sets]);

            has_first |= key == first;
            fits = fits && write[key] && cake_param_equal(&op->params[key], params, &op->params[first], params);
        }
        if (fits && has_first && sets > best_sets) {
            best = a;
            best_sets = sets;
        }
    }
    return best;
}

/* Text that grows in a buffer of fixed size, counted to its full length like snprintf's. */
typedef struct writer {
    char *buffer;
    size_t size, used;
} writer;

static void put(writer *w, const char *key, const char *value)
{
    bool room = w->used < w->size;
    int n = snprintf(room ? w->buffer + w->used : NULL, room ? w->size - w->used : 0, "%s%s%s%s", w->used ? " " : "",
                     key, value ? "=" : "", value ? value : "");

    w->used += (size_t)n;
}

static void put_params(writer *w, const cake_op *op, const void *params)
{
    bool write[CAKE_MAX_PARAMS] = {false};
    int count = cake_params_count(op);
    char value[64];

    for (int i = 0; i < count; i++)
        write[i] = op->params[i].kind != CAKE_PARAM_ALIAS;
    for (int i = 0; i < count; i++)
        if (write[i] && op->params[i].value) {
            write[i] = false;
            write[i] = !same_with(op, params, write, count);
        }
    for (int i = 0; i < count; i++) {
        int alias;

        if (!write[i])
            continue;
        alias = best_alias(op, params, write, i, count);
        cake_param_text(&op->params[i], params, value, sizeof value);
        put(w, op->params[alias < 0 ? i : alias].key, value);
        for (int s = 0; alias >= 0 && s < 8 && op->params[alias].sets[s]; s++)
            write[cake_params_find(op, op->params[alias].sets[s])] = false;
    }
}

size_t cake_params_format(const cake_op *op, const void *params, char *buffer, size_t size)
{
    writer w = {buffer, size, 0};

    if (size > 0)
        buffer[0] = '\0';
    put_params(&w, op, params);
    return w.used;
}

size_t cake_workload_format(const cake_workload *workload, char *buffer, size_t size)
{
    writer w = {buffer, size, 0};

    put(&w, workload->op->name, NULL);
    put_params(&w, workload->op, workload->params);
    return w.used;
}

size_t cake_workload_format_line(const cake_workload *workload, char *buffer, size_t size)
{
    writer w = {buffer, size, 0};
    char count[32];

    put(&w, workload->op->name, NULL);
    if (workload->name[0])
        put(&w, "name", workload->name);
    if (workload->count != 1) {
        snprintf(count, sizeof count, "%lld", (long long)workload->count);
        put(&w, "count", count);
    }
    put_params(&w, workload->op, workload->params);
    return w.used;
}
