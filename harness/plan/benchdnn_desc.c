#include "plan/benchdnn_desc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* The name in a workload's letters, and what follows a '*' as the count. */
static void read_name(const char *text, size_t length, cake_desc_name *name)
{
    size_t used = 0;
    const char *star = memchr(text, '*', length);
    long long count;

    for (size_t i = 0; i < length && used + 1 < sizeof name->text && text + i != star; i++) {
        if (text[i] == '"' || text[i] == '\'')
            continue;
        name->text[used++] = text[i] == ':'                                                ? '/'
                             : isalnum((unsigned char)text[i]) || strchr("_.-+/", text[i]) ? text[i]
                                                                                           : '_';
    }
    name->text[used] = '\0';
    if (star) {
        size_t digits = strspn(star + 1, "0123456789");

        if (digits < length - (size_t)(star - text) && cake_parse_whole(star + 1, digits, &count) && count > 0 &&
            count <= CAKE_COUNT_MAX)
            name->count = count;
    }
}

/* The longest key that the text begins with, or -1. */
static int find_key(const char *const *keys, const char *text, size_t length)
{
    int best = -1;
    size_t best_length = 0;

    for (int k = 0; keys[k]; k++) {
        size_t n = strlen(keys[k]);

        if (n > best_length && n < length && strncmp(keys[k], text, n) == 0 &&
            (isdigit((unsigned char)text[n]) || text[n] == '-')) {
            best = k;
            best_length = n;
        }
    }
    return best;
}

static cake_status unknown_key(const char *driver, const char *const *keys, const cake_source *source,
                               const cake_word *word, size_t at, cake_error *error)
{
    char names[256] = "";
    size_t used = 0;

    for (int k = 0; keys[k] && used < sizeof names; k++)
        used += (size_t)snprintf(names + used, sizeof names - used, " %s", keys[k]);
    return cake_fail_at(error, source, word->column + (int)at, "expected a key of %s (%s n ) with a number, found %s",
                        driver, names, cake_found_bytes(word->at + at, word->length - at).text);
}

cake_status cake_desc_read(const char *driver, const char *const *keys, const cake_source *source,
                           const cake_word *word, cake_desc *desc, cake_error *error)
{
    const char *text = word->at;
    size_t length = word->length;

    *desc = (cake_desc){.keys = keys, .eps = 1.0 / 16, .name = {.count = 1}};
    for (int k = 0; k < CAKE_DESC_KEYS; k++)
        desc->value[k] = CAKE_DESC_UNSET;
    for (size_t at = 0; at < length;) {
        int key;
        size_t digits;

        if (text[at] == '_') {
            at++;
            continue;
        }
        key = find_key(keys, text + at, length - at);
        if (key < 0 && text[at] == 'n') {
            read_name(text + at + 1, length - at - 1, &desc->name);
            return CAKE_OK;
        }
        if (key < 0)
            return unknown_key(driver, keys, source, word, at, error);
        at += strlen(keys[key]);
        for (digits = text[at] == '-'; at + digits < length && isdigit((unsigned char)text[at + digits]);)
            digits++;
        if (strcmp(keys[key], "eps") == 0) {
            digits = strspn(text + at, "0123456789.e-+");
            digits = digits < length - at ? digits : length - at;
            if (!cake_parse_real(text + at, digits, &desc->eps))
                return cake_fail_at(error, source, word->column + (int)at, "expected a number for eps, found %s",
                                    cake_found_bytes(text + at, digits).text);
        } else {
            bool negative = text[at] == '-';
            long long value;

            if (!cake_parse_whole(text + at + negative, digits - negative, &value) || value > INT32_MAX)
                return cake_fail_at(error, source, word->column + (int)at,
                                    "expected a whole number below 2^31 for %s, found %s", keys[key],
                                    cake_found_bytes(text + at, digits).text);
            desc->value[key] = negative ? -value : value;
        }
        at += digits;
    }
    return CAKE_OK;
}

int64_t cake_desc_get(const cake_desc *desc, const char *key, int64_t if_unset)
{
    for (int k = 0; desc->keys[k]; k++)
        if (strcmp(desc->keys[k], key) == 0)
            return desc->value[k] == CAKE_DESC_UNSET ? if_unset : desc->value[k];
    return if_unset;
}

/* `what` along axis d, h or w: "i" of h is ih. One left out is that of the axis before it, if the image has it. */
static int64_t along(const cake_desc *desc, char what, char axis, int64_t if_unset)
{
    static const char order[] = "dhw";
    int64_t value = CAKE_DESC_UNSET;

    for (const char *a = order; *a; a++) {
        char key[3] = {what, *a, '\0'}, extent[3] = {'i', *a, '\0'};

        if (cake_desc_get(desc, extent, CAKE_DESC_UNSET) == CAKE_DESC_UNSET && value == CAKE_DESC_UNSET && *a != axis)
            continue;
        value = cake_desc_get(desc, key, value);
        if (*a == axis)
            break;
    }
    return value == CAKE_DESC_UNSET ? if_unset : value;
}

bool cake_desc_has_axis(const cake_desc *desc, char axis)
{
    return (axis != 'd' && axis != 'h' && cake_desc_get(desc, "iw", CAKE_DESC_UNSET) != CAKE_DESC_UNSET) ||
           (axis != 'd' && cake_desc_get(desc, "ih", CAKE_DESC_UNSET) != CAKE_DESC_UNSET) ||
           cake_desc_get(desc, "id", CAKE_DESC_UNSET) != CAKE_DESC_UNSET;
}

int64_t cake_desc_extent(const cake_desc *desc, char axis)
{
    return cake_desc_has_axis(desc, axis) ? along(desc, 'i', axis, 1) : 1;
}

bool cake_desc_read_axis(const cake_desc *desc, char axis, cake_desc_axis *to)
{
    int64_t out = along(desc, 'o', axis, CAKE_DESC_UNSET), pad = along(desc, 'p', axis, CAKE_DESC_UNSET), span;

    *to = (cake_desc_axis){1, 1, 1, 1, 0, 0};
    if (!cake_desc_has_axis(desc, axis))
        return axis != 'w';
    to->in = along(desc, 'i', axis, 0);
    to->kernel = along(desc, 'k', axis, 0);
    to->stride = along(desc, 's', axis, 1);
    to->dilation = along(desc, 'd', axis, 0) + 1;
    if (to->in < 1 || to->kernel < 1 || to->stride < 1 || to->dilation < 1 || (out != CAKE_DESC_UNSET && out < 1))
        return false;
    span = (to->kernel - 1) * to->dilation + 1;
    if (out == CAKE_DESC_UNSET) {
        to->pad_begin = to->pad_end = pad == CAKE_DESC_UNSET ? 0 : pad;
    } else {
        int64_t padding = (out - 1) * to->stride - to->in + span;

        to->pad_begin = pad == CAKE_DESC_UNSET ? padding / 2 : pad;
        to->pad_end = padding - to->pad_begin;
    }
    /* Less than a stride at the end is reached by no window anyway. */
    if (to->pad_end < 0 && to->pad_end > -to->stride)
        to->pad_end = 0;
    return true;
}

cake_status cake_desc_read_shapes(const cake_source *source, const cake_word *word, cake_desc_shapes *shapes,
                                  cake_error *error)
{
    const char *text = word->at;
    size_t length = word->length, at = 0;

    *shapes = (cake_desc_shapes){.count = 1, .name = {.count = 1}};
    while (at < length) {
        size_t digits = 0;
        long long value;

        if (text[at] == '_' || text[at] == 'n') {
            size_t name = at + (text[at] == '_');

            if (name < length && text[name] == 'n') {
                read_name(text + name + 1, length - name - 1, &shapes->name);
                return CAKE_OK;
            }
        }
        while (at + digits < length && isdigit((unsigned char)text[at + digits]))
            digits++;
        if (shapes->count > 3 || shapes->rank[shapes->count - 1] == CAKE_DESC_DIMS ||
            !cake_parse_whole(text + at, digits, &value) || value > INT32_MAX)
            return cake_fail_at(error, source, word->column + (int)at, "expected a size below 2^31, found %s",
                                cake_found_bytes(text + at, length - at).text);
        shapes->dim[shapes->count - 1][shapes->rank[shapes->count - 1]++] = value;
        at += digits;
        if (at < length && text[at] == ':')
            shapes->count++;
        else if (at < length && text[at] != 'x' && text[at] != '_' && text[at] != 'n')
            return cake_fail_at(error, source, word->column + (int)at, "expected 'x' or ':', found %s",
                                cake_found_bytes(text + at, length - at).text);
        if (at < length && (text[at] == ':' || text[at] == 'x') && ++at == length)
            return cake_fail_at(error, source, word->column + (int)at, "expected a size, found nothing");
    }
    return CAKE_OK;
}

int64_t cake_desc_product(const int64_t *dims, int count)
{
    int64_t all = 1;

    for (int i = 0; i < count; i++)
        if (!cake_size_mul(all, dims[i], &all))
            return INT64_MAX;
    return all;
}
