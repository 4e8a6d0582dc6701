/* Descriptors, as oneDNN's documentation of benchdnn has them: an axis left out has the values of the one before it
 * (ih8 is an image of 8 x 8, iw8 one of a single row); output size and padding follow from each other; dilation 0 is
 * none; the minibatch is 2 if nothing says otherwise. */
#include "plan/benchdnn_problem.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan/workload.h"

typedef cake_benchdnn_problem problem;
typedef cake_benchdnn_driver driver;

enum { MAX_KEYS = 32, MAX_DIMS = 12, UNSET = -1000000000 };

/* A descriptor of keys, in the driver's order. */
typedef struct desc {
    const char *const *keys;
    int64_t value[MAX_KEYS];
    double eps;
    char name[CAKE_NAME_SIZE];
    int64_t count; /* "*3" at the name's end */
} desc;

static cake_status out_of_scope(problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static cake_status out_of_scope(problem *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->reason, sizeof p->reason, format, args);
    va_end(args);
    return CAKE_OK;
}

static bool is(const problem *p, cake_benchdnn_key key, const char *text)
{
    return strcasecmp(p->value[key], text) == 0;
}

static bool is_unset(const problem *p, cake_benchdnn_key key)
{
    return p->value[key][0] == '\0';
}

/* "f32", "f32:f32:f32". */
static bool is_f32(const char *types)
{
    while (strncmp(types, "f32", 3) == 0) {
        types += 3;
        if (*types == '\0' || strcmp(types, "_wino") == 0)
            return true;
        types += *types == ':';
    }
    return false;
}

/* What no driver here can have: gradients, other element types. */
static bool is_ours(problem *p)
{
    static const cake_benchdnn_key types[] = {CAKE_BENCHDNN_DT, CAKE_BENCHDNN_CFG, CAKE_BENCHDNN_SDT,
                                              CAKE_BENCHDNN_DDT};
    const char *dir = p->value[is_unset(p, CAKE_BENCHDNN_DIR) ? CAKE_BENCHDNN_PROP : CAKE_BENCHDNN_DIR];

    if (*dir && strncasecmp(dir, "FWD", 3) != 0) {
        out_of_scope(p, "backward");
        return false;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!is_unset(p, types[i]) && !is_f32(p->value[types[i]])) {
            out_of_scope(p, "elements that are not f32");
            return false;
        }
    return true;
}

/* The name in a workload's letters, and what follows a '*' as the count. */
static void read_name(const char *text, size_t length, desc *d)
{
    size_t used = 0;
    const char *star = memchr(text, '*', length);
    long long count;

    for (size_t i = 0; i < length && used + 1 < sizeof d->name && text + i != star; i++) {
        if (text[i] == '"' || text[i] == '\'')
            continue;
        d->name[used++] = text[i] == ':' ? '/' : isalnum((unsigned char)text[i]) || strchr("_.-+/", text[i]) ? text[i] : '_';
    }
    d->name[used] = '\0';
    if (star) {
        size_t digits = strspn(star + 1, "0123456789");

        if (digits < length - (size_t)(star - text) && cake_parse_whole(star + 1, digits, &count) && count > 0 &&
            count <= CAKE_COUNT_MAX)
            d->count = count;
    }
}

/* The longest key that the text begins with, or -1. */
static int find_key(const driver *self, const char *text, size_t length)
{
    int best = -1;
    size_t best_length = 0;

    for (int k = 0; self->keys[k]; k++) {
        size_t n = strlen(self->keys[k]);

        if (n > best_length && n < length && strncmp(self->keys[k], text, n) == 0 &&
            (isdigit((unsigned char)text[n]) || text[n] == '-')) {
            best = k;
            best_length = n;
        }
    }
    return best;
}

static cake_status unknown_key(const driver *self, const problem *p, size_t at, cake_error *error)
{
    char keys[256] = "";
    size_t used = 0;

    for (int k = 0; self->keys[k] && used < sizeof keys; k++)
        used += (size_t)snprintf(keys + used, sizeof keys - used, " %s", self->keys[k]);
    return cake_fail_at(error, p->source, p->word.column + (int)at,
                        "expected a key of %s (%s n ) with a number, found %s", self->name, keys,
                        cake_found_bytes(p->word.at + at, p->word.length - at).text);
}

static cake_status read_desc(const driver *self, const problem *p, desc *d, cake_error *error)
{
    const char *text = p->word.at;
    size_t length = p->word.length;

    *d = (desc){.keys = self->keys, .eps = 1.0 / 16, .count = 1};
    for (int k = 0; k < MAX_KEYS; k++)
        d->value[k] = UNSET;
    for (size_t at = 0; at < length;) {
        int key;
        size_t digits;

        if (text[at] == '_') {
            at++;
            continue;
        }
        key = find_key(self, text + at, length - at);
        if (key < 0 && text[at] == 'n') {
            read_name(text + at + 1, length - at - 1, d);
            return CAKE_OK;
        }
        if (key < 0)
            return unknown_key(self, p, at, error);
        at += strlen(self->keys[key]);
        for (digits = text[at] == '-'; at + digits < length && isdigit((unsigned char)text[at + digits]);)
            digits++;
        if (strcmp(self->keys[key], "eps") == 0) {
            digits = strspn(text + at, "0123456789.e-+");
            digits = digits < length - at ? digits : length - at;
            if (!cake_parse_real(text + at, digits, &d->eps))
                return cake_fail_at(error, p->source, p->word.column + (int)at, "expected a number for eps, found %s",
                                    cake_found_bytes(text + at, digits).text);
        } else {
            bool negative = text[at] == '-';
            long long value;

            if (!cake_parse_whole(text + at + negative, digits - negative, &value) || value > INT32_MAX)
                return cake_fail_at(error, p->source, p->word.column + (int)at,
                                    "expected a whole number below 2^31 for %s, found %s", self->keys[key],
                                    cake_found_bytes(text + at, digits).text);
            d->value[key] = negative ? -value : value;
        }
        at += digits;
    }
    return CAKE_OK;
}

static int64_t get(const desc *d, const char *key, int64_t if_unset)
{
    for (int k = 0; d->keys[k]; k++)
        if (strcmp(d->keys[k], key) == 0)
            return d->value[k] == UNSET ? if_unset : d->value[k];
    return if_unset;
}

/* `what` along axis d, h or w: "i" of h is ih. One left out is that of the axis before it, if the image has it. */
static int64_t along(const desc *d, char what, char axis, int64_t if_unset)
{
    static const char order[] = "dhw";
    int64_t value = UNSET;

    for (const char *a = order; *a; a++) {
        char key[3] = {what, *a, '\0'}, extent[3] = {'i', *a, '\0'};

        if (get(d, extent, UNSET) == UNSET && value == UNSET && *a != axis)
            continue;
        value = get(d, key, value);
        if (*a == axis)
            break;
    }
    return value == UNSET ? if_unset : value;
}

/* One axis of a window: places in and out, filter, stride, dilation in the project's sense, padding. */
typedef struct axis {
    int64_t in, kernel, stride, dilation, begin, end;
} axis;

/* An image has the axis if it, or one before it, is given. */
static bool has_axis(const desc *d, char a)
{
    return a == 'd' ? get(d, "id", UNSET) != UNSET
           : a == 'h' ? has_axis(d, 'd') || get(d, "ih", UNSET) != UNSET
                      : true;
}

static cake_status wrong(const problem *p, const char *what, cake_error *error)
{
    return cake_fail_at(error, p->source, p->word.column, "expected %s, found %s", what, cake_found_word(&p->word).text);
}

static cake_status read_axis(problem *p, const desc *d, char a, axis *to, cake_error *error)
{
    int64_t out = along(d, 'o', a, UNSET), pad = along(d, 'p', a, UNSET), span;

    *to = (axis){1, 1, 1, 1, 0, 0};
    if (!has_axis(d, a))
        return CAKE_OK;
    to->in = along(d, 'i', a, UNSET);
    to->kernel = along(d, 'k', a, UNSET);
    to->stride = along(d, 's', a, 1);
    to->dilation = along(d, 'd', a, 0) + 1;
    if (to->in < 1 || to->kernel < 1 || to->stride < 1 || to->dilation < 1 || (out != UNSET && out < 1))
        return wrong(p, "the image's and the window's sizes (ih, kh, or iw, kw), each 1 or more", error);
    span = (to->kernel - 1) * to->dilation + 1;
    if (out == UNSET) {
        to->begin = to->end = pad == UNSET ? 0 : pad;
    } else {
        to->begin = pad == UNSET ? ((out - 1) * to->stride - to->in + span) / 2 : pad;
        to->end = (out - 1) * to->stride - to->in + span - to->begin;
    }
    /* Less than a stride at the end is reached by no window anyway. */
    if (to->end < 0 && to->end > -to->stride)
        to->end = 0;
    if (to->begin < 0 || to->end < 0)
        return out_of_scope(p, "negative padding");
    return CAKE_OK;
}

static int64_t minibatch(const problem *p, const desc *d)
{
    long long forced = 0;

    cake_parse_whole(p->value[CAKE_BENCHDNN_MB], strlen(p->value[CAKE_BENCHDNN_MB]), &forced);
    return forced > 0 ? forced : get(d, "mb", 2);
}

static cake_status add_line(problem *p, const char *name, int64_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static cake_status add_line(problem *p, const char *name, int64_t count, const char *format, ...)
{
    char *line = p->line[p->lines++];
    size_t used;
    va_list args;

    va_start(args, format);
    used = (size_t)vsnprintf(line, CAKE_BENCHDNN_LINE, format, args);
    va_end(args);
    if (*name && used < CAKE_BENCHDNN_LINE)
        used += (size_t)snprintf(line + used, CAKE_BENCHDNN_LINE - used, " name=%s", name);
    if (count != 1 && used < CAKE_BENCHDNN_LINE)
        snprintf(line + used, CAKE_BENCHDNN_LINE - used, " count=%lld", (long long)count);
    return CAKE_OK;
}

static bool has_bias(const problem *p)
{
    return is_unset(p, CAKE_BENCHDNN_DIR) || is(p, CAKE_BENCHDNN_DIR, "FWD_B");
}

typedef long long ll;

/* The image's axes; false: the problem is none of ours, and says why, or *status is an error. */
static bool read_image(problem *p, const desc *d, axis *depth, axis *rows, axis *columns, cake_status *status,
                       cake_error *error)
{
    *status = read_axis(p, d, 'd', depth, error);
    if (*status == CAKE_OK)
        *status = read_axis(p, d, 'h', rows, error);
    if (*status == CAKE_OK)
        *status = read_axis(p, d, 'w', columns, error);
    return *status == CAKE_OK && !p->reason[0];
}

static bool is_flat(const axis *depth)
{
    return depth->in == 1 && depth->kernel == 1 && depth->begin == 0 && depth->end == 0;
}

static cake_status translate_conv(const driver *self, problem *p, cake_error *error)
{
    axis depth, rows, columns;
    cake_status st;
    desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK || !read_image(p, &d, &depth, &rows, &columns, &st, error))
        return st;
    if (!is_flat(&depth))
        return out_of_scope(p, "three-dimensional");
    return add_line(p, d.name, d.count,
                    "conv2d n=%lld ic=%lld ih=%lld iw=%lld oc=%lld kh=%lld kw=%lld stride_h=%lld stride_w=%lld "
                    "pad_t=%lld pad_b=%lld pad_l=%lld pad_r=%lld dil_h=%lld dil_w=%lld groups=%lld bias=%d",
                    (ll)minibatch(p, &d), (ll)get(&d, "ic", 0), (ll)rows.in, (ll)columns.in, (ll)get(&d, "oc", 0),
                    (ll)rows.kernel, (ll)columns.kernel, (ll)rows.stride, (ll)columns.stride, (ll)rows.begin,
                    (ll)rows.end, (ll)columns.begin, (ll)columns.end, (ll)rows.dilation, (ll)columns.dilation,
                    (ll)get(&d, "g", 1), has_bias(p));
}

static cake_status translate_pool(const driver *self, problem *p, cake_error *error)
{
    bool max = is_unset(p, CAKE_BENCHDNN_ALG) || is(p, CAKE_BENCHDNN_ALG, "max") ||
               is(p, CAKE_BENCHDNN_ALG, "pooling_max");
    bool count_pad = is(p, CAKE_BENCHDNN_ALG, "avg_p") || is(p, CAKE_BENCHDNN_ALG, "pooling_avg_include_padding");
    axis depth, rows, columns;
    cake_status st;
    desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK || !read_image(p, &d, &depth, &rows, &columns, &st, error))
        return st;
    if (!is_flat(&depth))
        return out_of_scope(p, "three-dimensional");
    return add_line(p, d.name, d.count,
                    "pool2d kind=%s count_pad=%d n=%lld c=%lld ih=%lld iw=%lld kh=%lld kw=%lld stride_h=%lld "
                    "stride_w=%lld pad_t=%lld pad_b=%lld pad_l=%lld pad_r=%lld dil_h=%lld dil_w=%lld",
                    max ? "max" : "avg", count_pad, (ll)minibatch(p, &d), (ll)get(&d, "ic", 0), (ll)rows.in,
                    (ll)columns.in, (ll)rows.kernel, (ll)columns.kernel, (ll)rows.stride, (ll)columns.stride,
                    (ll)rows.begin, (ll)rows.end, (ll)columns.begin, (ll)columns.end, (ll)rows.dilation,
                    (ll)columns.dilation);
}
