#include "cli/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "plan/text.h"

enum { OPTIONS_MAX = 64 }; /* of a command */

cake_status cake_text_list_add(cake_text_list *list, const char *text, size_t length, cake_error *error)
{
    char **more = realloc(list->items, (list->count + 1) * sizeof *more);

    if (more)
        list->items = more;
    if (!more || !(more[list->count] = strndup(text, length)))
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    list->count++;
    return CAKE_OK;
}

void cake_text_list_free(cake_text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (cake_text_list){0};
}

cake_status cake_int_list_add(cake_int_list *list, int item, cake_error *error)
{
    int *more = realloc(list->items, (list->count + 1) * sizeof *more);

    if (!more)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    list->items = more;
    more[list->count++] = item;
    return CAKE_OK;
}

void cake_int_list_free(cake_int_list *list)
{
    free(list->items);
    *list = (cake_int_list){0};
}

typedef struct unit {
    const char *name;
    double factor;
} unit;

/* A number of 0 or more and a unit from the list, which ends with name NULL. */
static bool parse_unit(const char *text, const unit *units, double *value)
{
    size_t length = strspn(text, "0123456789.");
    double number;

    if (!cake_parse_real(text, length, &number))
        return false;
    for (; units->name; units++)
        if (strcmp(units->name, text + length) == 0) {
            *value = number * units->factor;
            return true;
        }
    return false;
}

bool cake_parse_share(const char *text, double *share)
{
    static const unit units[] = {{"", 1}, {"%", 1e-2}, {NULL, 0}};

    return parse_unit(text, units, share);
}

bool cake_parse_time(const char *text, double *seconds)
{
    static const unit units[] = {{"", 1},      {"s", 1},    {"ms", 1e-3}, {"us", 1e-6},
                                 {"ns", 1e-9}, {"min", 60}, {"h", 3600},  {NULL, 0}};

    return parse_unit(text, units, seconds);
}

bool cake_parse_bytes(const char *text, uint64_t *bytes)
{
    static const unit units[] = {{"", 1},         {"B", 1},       {"k", 1e3},      {"kB", 1e3},     {"K", 1e3},
                                 {"KB", 1e3},     {"M", 1e6},     {"MB", 1e6},     {"G", 1e9},      {"GB", 1e9},
                                 {"T", 1e12},     {"TB", 1e12},   {"Ki", 0x1p10},  {"KiB", 0x1p10}, {"Mi", 0x1p20},
                                 {"MiB", 0x1p20}, {"Gi", 0x1p30}, {"GiB", 0x1p30}, {"Ti", 0x1p40},  {"TiB", 0x1p40},
                                 {NULL, 0}};
    double value;

    if (!parse_unit(text, units, &value) || value < 1 || value >= 0x1p63)
        return false;
    *bytes = (uint64_t)value;
    return true;
}

static void *member(const cake_option *option, void *values)
{
    return (char *)values + option->offset;
}

static const char *found(const char *text, cake_found *buffer)
{
    *buffer = cake_found_bytes(text, strlen(text));
    return buffer->text;
}

static cake_status bad_number(const cake_option *option, const char *what, const char *text, cake_error *error)
{
    cake_found buffer;

    return cake_fail(error, CAKE_E_USAGE, "expected %s from %.16g to %.16g for --%s, found %s", what, option->min,
                     option->max, option->name, found(text, &buffer));
}

static cake_status parse_whole(const cake_option *option, const char *text, int64_t *value, cake_error *error)
{
    long long parsed;

    if (!cake_parse_whole(text, strlen(text), &parsed) || (double)parsed < option->min ||
        (double)parsed > option->max)
        return bad_number(option, "a whole number", text, error);
    *value = parsed;
    return CAKE_OK;
}

static cake_status parse_name(const cake_option *option, const char *text, int *value, cake_error *error)
{
    cake_nearest nearest = {.word = text};
    char all[256] = "";
    size_t used = 0;
    cake_found buffer;
    const char *meant;

    *value = option->find(text);
    if (*value >= 0)
        return CAKE_OK;
    for (int i = 0; option->names[i]; i++) {
        cake_nearest_offer(&nearest, option->names[i]);
        if (used < sizeof all)
            used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", option->names[i]);
    }
    meant = cake_nearest_get(&nearest);
    return cake_fail(error, CAKE_E_USAGE, "expected one of %s for --%s, found %s%s%s%s", all, option->name,
                     found(text, &buffer), meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static cake_status add_once(const cake_option *option, cake_int_list *list, int item, const char *text,
                            cake_error *error)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == item)
            return cake_fail(error, CAKE_E_USAGE, "expected each value of --%s once, found '%s' again", option->name,
                             text);
    return cake_int_list_add(list, item, error);
}

/* Google Benchmark's flags are written --flag=true and --flag=false. */
static cake_status set_flag(const cake_option *option, void *values, const char *text, cake_error *error)
{
    bool on = strcmp(text, "true") == 0;
    cake_found buffer;

    if (!on && strcmp(text, "false") != 0)
        return cake_fail(error, CAKE_E_USAGE, "expected no value, true or false for --%s, found %s", option->name,
                         found(text, &buffer));
    *(bool *)member(option, values) = on;
    return CAKE_OK;
}

/* One value, or one part of a list's. */
static cake_status set_item(const cake_option *option, void *values, const char *text, cake_error *error)
{
    int64_t whole = 0;
    int name;
    cake_found buffer;
    cake_status st = CAKE_OK;

    switch (option->kind) {
    case CAKE_OPTION_FLAG:
        st = set_flag(option, values, text, error);
        break;
    case CAKE_OPTION_TEXT:
        *(char **)member(option, values) = strdup(text);
        if (!*(char **)member(option, values))
            st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
        break;
    case CAKE_OPTION_TEXTS:
        st = cake_text_list_add(member(option, values), text, strlen(text), error);
        break;
    case CAKE_OPTION_WHOLE:
        st = parse_whole(option, text, member(option, values), error);
        break;
    case CAKE_OPTION_WHOLES:
        st = parse_whole(option, text, &whole, error);
        if (st == CAKE_OK)
            st = add_once(option, member(option, values), (int)whole, text, error);
        break;
    case CAKE_OPTION_SHARE:
        if (!cake_parse_share(text, member(option, values)) || *(double *)member(option, values) < option->min ||
            *(double *)member(option, values) > option->max)
            st = bad_number(option, "a share (0.02, 2%)", text, error);
        break;
    case CAKE_OPTION_TIME:
        if (!cake_parse_time(text, member(option, values)) || *(double *)member(option, values) < option->min ||
            *(double *)member(option, values) > option->max)
            st = bad_number(option, "a time (0.5, 500ms, 2min) of seconds", text, error);
        break;
    case CAKE_OPTION_BYTES:
        if (!cake_parse_bytes(text, member(option, values)))
            st = cake_fail(error, CAKE_E_USAGE, "expected a size (1000, 512MiB, 8GB) for --%s, found %s",
                           option->name, found(text, &buffer));
        break;
    case CAKE_OPTION_NAME:
        st = parse_name(option, text, member(option, values), error);
        break;
    case CAKE_OPTION_NAMES:
        st = parse_name(option, text, &name, error);
        if (st == CAKE_OK)
            st = add_once(option, member(option, values), name, text, error);
        break;
    }
    return st;
}

static bool is_list(const cake_option *option)
{
    return option->kind == CAKE_OPTION_TEXTS || option->kind == CAKE_OPTION_WHOLES ||
           option->kind == CAKE_OPTION_NAMES;
}

static cake_status set_value(const cake_option *option, void *values, const char *text, cake_error *error)
{
    cake_status st = CAKE_OK;

    if (!*text)
        return cake_fail(error, CAKE_E_USAGE, "expected %s for --%s, found nothing", option->argument, option->name);
    if (!is_list(option))
        return set_item(option, values, text, error);
    while (st == CAKE_OK && text) {
        size_t length = strcspn(text, ",");
        char *item = strndup(text, length);

        if (!item)
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        st = length == 0 ? cake_fail(error, CAKE_E_USAGE, "expected %s between the commas of --%s, found nothing",
                                     option->argument, option->name)
                         : set_item(option, values, item, error);
        free(item);
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    return st;
}

/* The option that a word names, "--name" or "--name=value"; its number among all options of the groups goes to *index. */
static const cake_option *find_option(const cake_option_group *groups, const char *word, int *index)
{
    const char *name = word + 2;
    size_t length = strcspn(name, "=");

    *index = 0;
    for (; groups->title; groups++)
        for (const cake_option *option = groups->options; option->name; option++, (*index)++) {
            const char *spellings[] = {option->name, option->same_as};

            for (int i = 0; i < 2; i++)
                if (spellings[i] && strlen(spellings[i]) == length && memcmp(spellings[i], name, length) == 0)
                    return option;
        }
    return NULL;
}

const cake_option *cake_option_of(const cake_option_group *groups, const char *word, int *n_words)
{
    int index;
    const cake_option *option = strncmp(word, "--", 2) == 0 ? find_option(groups, word, &index) : NULL;

    *n_words = option && option->kind != CAKE_OPTION_FLAG && !strchr(word, '=') ? 2 : 1;
    return option;
}

static cake_status unknown_option(const cake_option_group *groups, const char *argument, cake_error *error)
{
    size_t length = strcspn(argument, "=");
    char name[128];
    cake_nearest nearest = {.word = name};
    cake_found buffer;
    const char *meant = NULL;

    snprintf(name, sizeof name, "%.*s", (int)(length > 100 ? 100 : length) - 2, argument + 2);
    for (; groups->title; groups++)
        for (const cake_option *option = groups->options; option->name; option++) {
            cake_nearest_offer(&nearest, option->name);
            if (option->same_as)
                cake_nearest_offer(&nearest, option->same_as);
        }
    meant = cake_nearest_get(&nearest);
    return cake_fail(error, CAKE_E_USAGE, "expected an option of this command, found %s%s%s%s",
                     found(argument, &buffer), meant ? "; did you mean '--" : "", meant ? meant : "",
                     meant ? "'?" : "");
}

/* The option that argv[*i] is, with its value, which may be the word after it: *i is its last word then. */
static cake_status parse_option(const cake_option_group *groups, int argc, char *const *argv, int *i, bool *given,
                                void *values, cake_error *error)
{
    const char *word = argv[*i], *value = strchr(word, '=');
    const cake_option *option;
    int index;

    if (word[1] != '-')
        return cake_fail(error, CAKE_E_USAGE, "expected an option that begins with '--', found '%s'", word);
    option = find_option(groups, word, &index);
    if (!option)
        return unknown_option(groups, word, error);
    if (given[index] && !is_list(option))
        return cake_fail(error, CAKE_E_USAGE, "expected --%s once, found it again", option->name);
    given[index] = true;
    if (option->kind == CAKE_OPTION_FLAG)
        return set_item(option, values, value ? value + 1 : "true", error);
    if (value)
        return set_value(option, values, value + 1, error);
    if (*i + 1 >= argc)
        return cake_fail(error, CAKE_E_USAGE, "expected %s after --%s, found the end of the command",
                         option->argument, option->name);
    return set_value(option, values, argv[++*i], error);
}

cake_status cake_options_parse(const cake_option_group *groups, int argc, char *const *argv, void *values,
                               cake_text_list *rest, cake_error *error)
{
    bool given[OPTIONS_MAX] = {false}, options = true;
    cake_status st = CAKE_OK;

    for (int i = 0; st == CAKE_OK && i < argc; i++) {
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
            st = parse_option(groups, argc, argv, &i, given, values, error);
        else
            st = cake_text_list_add(rest, argv[i], strlen(argv[i]), error);
    }
    return st;
}

void cake_options_free(const cake_option_group *groups, void *values)
{
    for (; groups->title; groups++)
        for (const cake_option *option = groups->options; option->name; option++) {
            if (option->kind == CAKE_OPTION_TEXT) {
                free(*(char **)member(option, values));
                *(char **)member(option, values) = NULL;
            } else if (option->kind == CAKE_OPTION_TEXTS) {
                cake_text_list_free(member(option, values));
            } else if (option->kind == CAKE_OPTION_WHOLES || option->kind == CAKE_OPTION_NAMES) {
                cake_int_list_free(member(option, values));
            }
        }
}

/* Words of `text` in lines of `width` columns, each after `indent` blanks; the first line is begun already. */
static void print_wrapped(const char *text, int indent, int width, FILE *out)
{
    int used = 0;

    while (*text) {
        int length = (int)strcspn(text, " ");

        if (used > 0 && used + 1 + length > width) {
            fprintf(out, "\n%*s", indent, "");
            used = 0;
        }
        used += fprintf(out, "%s%.*s", used > 0 ? " " : "", length, text);
        text += length;
        text += *text == ' ';
    }
    fputc('\n', out);
}

void cake_options_print(const cake_option_group *groups, FILE *out)
{
    enum { INDENT = 28, WIDTH = 90 };

    for (; groups->title; groups++) {
        fprintf(out, "\n%s:\n", groups->title);
        for (const cake_option *option = groups->options; option->name; option++) {
            int used = fprintf(out, "  --%s%s%s", option->name, option->argument ? " " : "",
                               option->argument ? option->argument : "");

            fprintf(out, "%*s", used < INDENT - 1 ? INDENT - used : 2, "");
            print_wrapped(option->meaning, INDENT, WIDTH, out);
            if (option->same_as)
                fprintf(out, "%*sAlso --%s.\n", INDENT, "", option->same_as);
        }
    }
}
