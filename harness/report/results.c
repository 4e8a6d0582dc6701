#include "report/results.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check/verdict.h"
#include "reference/reference.h"
#include "report/files.h"

static void note(cake_results *results, const char *file, const char *text)
{
    cake_text_printf(&results->notes, "%s: %s%s\n", results->path, file, text);
}

static cake_status read_rows(cake_results *results, const char *file, cake_error *error)
{
    cake_error stopped = {0};
    char *data = NULL;
    size_t size = 0, valid = 0;
    cake_status status = cake_file_read(file, CAKE_ROWS_LIMIT, &data, &size, error);

    if (status != CAKE_OK)
        return status == CAKE_NOT_FOUND ? CAKE_E_USAGE : status;
    status = cake_rows_read(data, size, CAKE_ROWS_EDITED, &results->rows, &valid, &stopped);
    free(data);
    if (status != CAKE_OK)
        return cake_fail(error, status == CAKE_NOT_FOUND ? CAKE_E_USAGE : status, "%s: %s", file, stopped.text);
    if (valid < size) {
        cake_text_printf(&results->notes, "%s: %s: the %zu rows before it are taken\n", file, stopped.text,
                         results->rows.count);
    }
    return CAKE_OK;
}

/* Samples and context may be missing: then less can be said, and `notes` has why. */
static cake_status read_samples(cake_results *results, cake_error *error)
{
    cake_error stopped = {0};
    char *path = NULL, *data = NULL;
    size_t size = 0, valid = 0;
    cake_status status = CAKE_E_MEMORY;

    if (asprintf(&path, "%s/" CAKE_SAMPLES_FILE, results->path) < 0)
        return cake_fail(error, status, "out of memory");
    status = cake_file_read(path, CAKE_ROWS_LIMIT, &data, &size, &stopped);
    if (status == CAKE_OK)
        status = cake_samples_read(data, size, &results->rows, &results->samples, &valid, &stopped);
    if (status != CAKE_OK || valid < size)
        note(results, status == CAKE_OK ? CAKE_SAMPLES_FILE ": " : "", stopped.text);
    free(data);
    free(path);
    return status == CAKE_E_MEMORY ? cake_fail(error, status, "%s", stopped.text) : CAKE_OK;
}

cake_status cake_results_open(cake_results *results, const char *path, cake_error *error)
{
    struct stat info;
    char *file = NULL;
    cake_error why = {0};
    cake_status status = CAKE_E_MEMORY;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);

    *results = (cake_results){.path = strdup(path)};
    if (asprintf(&file, folder ? "%s/" CAKE_ROWS_FILE : "%s", path) < 0)
        file = NULL;
    if (!results->path || !file)
        cake_fail(error, status, "out of memory");
    else
        status = read_rows(results, file, error);
    if (status == CAKE_OK && folder)
        status = read_samples(results, error);
    if (status == CAKE_OK && folder && cake_context_read(&results->context, path, &why) != CAKE_OK)
        note(results, "", why.text);
    cake_text_put(&results->notes, "");
    if (status == CAKE_OK && results->notes.failed)
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    free(file);
    if (status != CAKE_OK)
        cake_results_free(results);
    return status;
}

void cake_results_free(cake_results *results)
{
    free(results->path);
    cake_rows_free(&results->rows);
    cake_samples_free(&results->samples);
    cake_context_free(results->context);
    cake_text_free(&results->notes);
    *results = (cake_results){0};
}

const cake_sample *cake_results_samples(const cake_results *results, size_t i, size_t *count)
{
    const size_t *first = results->samples.first;

    *count = first ? first[i + 1] - first[i] : 0;
    return *count ? results->samples.sample + first[i] : NULL;
}

const char *cake_row_string(const char *cell)
{
    return cell ? cell : "";
}

void cake_row_workload_key(const cake_row *row, cake_text *out)
{
    cake_text_printf(out, "%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%s\x1f%" PRId64, cake_row_string(row->op),
                     cake_row_string(row->dataset), cake_row_string(row->workload), cake_row_string(row->params),
                     cake_row_string(row->dtype), cake_row_string(row->cache), row->threads);
}

typedef struct keyed_row {
    char *key;
    const cake_row *row;
} keyed_row;

/* Rows are in one array: their addresses are their order. */
static int by_key(const void *a, const void *b)
{
    const keyed_row *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int by_first_row(const void *a, const void *b)
{
    const cake_group *x = a, *y = b;

    return (x->rows[0] > y->rows[0]) - (x->rows[0] < y->rows[0]);
}

/* Move each group up behind the last of its family. */
static void gather_families(cake_group *group, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const char *family = cake_row_family(group[i].rows[0]);
        cake_group moved = group[i];
        size_t to = i;

        while (to > 0 && strcmp(cake_row_family(group[to - 1].rows[0]), family) != 0)
            to--;
        if (to == 0)
            continue;
        memmove(&group[to + 1], &group[to], (i - to) * sizeof *group);
        group[to] = moved;
    }
}

cake_status cake_groups_make(cake_groups *groups, const cake_rows *rows)
{
    size_t n = rows->count, made = 0;
    keyed_row *keyed = calloc(n + 1, sizeof *keyed);
    cake_group *group = calloc(n + 1, sizeof *group);
    const cake_row **storage = calloc(n + 1, sizeof *storage);
    cake_status status = keyed && group && storage ? CAKE_OK : CAKE_E_MEMORY;

    for (size_t i = 0; status == CAKE_OK && i < n; i++) {
        cake_text key = {0};

        cake_row_workload_key(&rows->row[i], &key);
        keyed[i] = (keyed_row){.key = key.data, .row = &rows->row[i]};
        if (key.failed)
            status = CAKE_E_MEMORY;
    }
    if (status != CAKE_OK)
        goto out;
    qsort(keyed, n, sizeof *keyed, by_key);
    for (size_t i = 0; i < n; i++) {
        storage[i] = keyed[i].row;
        if (made == 0 || strcmp(keyed[i].key, group[made - 1].key) != 0) {
            group[made++] = (cake_group){.key = keyed[i].key, .rows = &storage[i]};
            keyed[i].key = NULL;
        }
        group[made - 1].count++;
    }
    qsort(group, made, sizeof *group, by_first_row);
    gather_families(group, made);
    *groups = (cake_groups){.group = group, .count = made, .storage = storage};
    group = NULL;
    storage = NULL;
out:
    for (size_t i = 0; keyed && i < n; i++)
        free(keyed[i].key); /* NULL where a group has it */
    free(keyed);
    free(group);
    free(storage);
    return status;
}

void cake_groups_free(cake_groups *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        free(groups->group[i].key);
    free(groups->group);
    free(groups->storage);
    *groups = (cake_groups){0};
}

void cake_groups_leave_out_fast(cake_groups *groups)
{
    size_t kept = 0;

    for (size_t g = 0; g < groups->count; g++) {
        cake_group group = groups->group[g];
        size_t rows = 0;

        for (size_t i = 0; i < group.count; i++)
            if (strcmp(cake_row_string(group.rows[i]->accuracy), "fast") != 0)
                group.rows[rows++] = group.rows[i];
        group.count = rows;
        if (rows > 0)
            groups->group[kept++] = group;
        else
            free(group.key);
    }
    groups->count = kept;
}

const char *cake_row_title(const cake_row *row)
{
    return row->workload && row->workload[0] ? row->workload : cake_row_string(row->params);
}

const char *cake_row_family(const cake_row *row)
{
    const cake_op *op = cake_op_find(cake_row_string(row->op));

    return op ? op->family : cake_row_string(row->op);
}

bool cake_row_is_ok(const cake_row *row)
{
    return strcmp(cake_row_string(row->verdict), cake_verdicts[CAKE_V_OK].word) == 0;
}

bool cake_row_fails(const cake_row *row)
{
    cake_verdict verdict = cake_verdict_find(cake_row_string(row->verdict));

    return verdict == CAKE_VERDICT_COUNT || cake_verdicts[verdict].fails;
}

void cake_put_time(cake_text *out, double ns)
{
    static const struct {
        double ns;
        const char *unit;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {0, "ns"}};
    int i = 0;

    if (isnan(ns))
        return;
    while (ns < 0.9995 * units[i].ns)
        i++;
    cake_text_short(out, units[i].ns > 0 ? ns / units[i].ns : ns);
    cake_text_printf(out, " %s", units[i].unit);
}

void cake_put_rate(cake_text *out, const cake_row *row)
{
    enum {
        MEMORY_BOUND = 4
    }; /* FLOP a byte: what a core does while a byte comes from memory, in order of magnitude */
    double intensity = isnan(row->intensity) ? row->gflops / row->gb_per_s : row->intensity;
    bool bytes = isnan(row->gflops) || intensity < MEMORY_BOUND;
    double rate = bytes ? row->gb_per_s : row->gflops;

    if (isnan(rate))
        return;
    cake_text_short(out, rate);
    cake_text_put(out, bytes ? " GB/s" : " GFLOP/s");
}

void cake_put_factor(cake_text *out, double factor)
{
    if (isnan(factor))
        return;
    cake_text_short(out, factor);
    cake_text_put(out, "x");
}

const cake_group *cake_groups_find(const cake_groups *groups, const char *key)
{
    for (size_t g = 0; g < groups->count; g++)
        if (strcmp(groups->group[g].key, key) == 0)
            return &groups->group[g];
    return NULL;
}

bool cake_same_conditions(const cake_row *a, const cake_row *b)
{
    return strcmp(cake_row_string(a->dtype), cake_row_string(b->dtype)) == 0 && a->threads == b->threads &&
           strcmp(cake_row_string(a->cache), cake_row_string(b->cache)) == 0;
}
