#include "report/pick.h"

#include <string.h>

static bool is_word(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && strncmp(word, text, length) == 0;
}

/* The row is of the first name in `names`: PLUGIN[@SHA256][/KERNEL], where the hash may be cut: it tells two builds of
 * one plugin apart. */
static bool is_of_first(const cake_row *row, const char *names)
{
    size_t length = strcspn(names, "@/,"), hash;

    if (!is_word(names, length, cake_row_string(row->plugin)))
        return false;
    names += length;
    if (*names == '@') {
        hash = strcspn(++names, "/,");
        if (hash == 0 || strncmp(names, cake_row_string(row->plugin_sha256), hash) != 0)
            return false;
        names += hash;
    }
    return *names != '/' || is_word(names + 1, strcspn(names + 1, ","), cake_row_string(row->kernel));
}

/* The name behind the first in `names`; NULL: none is left. */
static const char *next_name(const char *names)
{
    const char *comma = strchr(names, ',');

    return comma ? comma + 1 : NULL;
}

bool cake_pick_has(const char *names, const cake_row *row)
{
    for (; names; names = next_name(names))
        if (is_of_first(row, names))
            return true;
    return false;
}

static bool is_faster(const cake_row *a, const cake_row *b)
{
    if (!b || cake_row_is_ok(a) != cake_row_is_ok(b))
        return !b || cake_row_is_ok(a);
    return a->time_ns_median < b->time_ns_median;
}

const cake_row *cake_pick_best(const char *names, const cake_group *group)
{
    const cake_row *best = NULL;

    for (size_t i = 0; group && i < group->count; i++)
        if (cake_pick_has(names, group->rows[i]) && is_faster(group->rows[i], best))
            best = group->rows[i];
    return best;
}

cake_status cake_pick_check(const char *names, const cake_results *results, cake_error *error)
{
    for (; names; names = next_name(names)) {
        size_t i = 0;

        while (i < results->rows.count && !is_of_first(&results->rows.row[i], names))
            i++;
        if (i == results->rows.count)
            return cake_fail(error, CAKE_E_USAGE, "expected a plugin, or plugin/kernel, of %s, found '%.*s'",
                             results->path, (int)strcspn(names, ","), names);
    }
    return CAKE_OK;
}
