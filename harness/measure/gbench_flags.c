#include "gbench_flags.h"

#include <math.h>
#include <regex.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static bool one_of(const char *value, const char *const *words)
{
    while (*words && strcmp(*words, value) != 0)
        words++;
    return *words;
}

static bool is_bool(const char *value)
{
    return one_of(value, (const char *const[]){"true", "false", "yes", "no", "on", "off", "1", "0", NULL});
}

static bool is_format(const char *value)
{
    return one_of(value, (const char *const[]){"console", "json", "csv", NULL});
}

static bool is_unit(const char *value)
{
    return one_of(value, (const char *const[]){"ns", "us", "ms", "s", NULL});
}

static bool is_color(const char *value)
{
    return !strcmp(value, "auto") || is_bool(value);
}

/* 1 .. 999999999, then `unit`. */
static bool is_number(const char *value, const char *unit)
{
    size_t digits = strspn(value, "0123456789");

    return digits > 0 && digits <= 9 && strtol(value, NULL, 10) > 0 && !strcmp(value + digits, unit);
}

static bool is_count(const char *value)
{
    return is_number(value, "");
}

/* Seconds; `unit` may follow them. */
static bool is_seconds(const char *value, const char *unit, double least)
{
    char *end;
    double seconds = strtod(value, &end);

    return end != value && (!*end || !strcmp(end, unit)) && isfinite(seconds) && seconds >= least;
}

static bool is_time(const char *value)
{
    return is_seconds(value, "s", 1e-9) || is_number(value, "x");
}

static bool is_warmup(const char *value)
{
    return is_seconds(value, "", 0);
}

/* key=value,key=value */
static bool is_context(const char *value)
{
    for (;;) {
        size_t key = strcspn(value, "=,"), length = strcspn(value, ",");

        if (key == 0 || key >= length || memchr(value + key + 1, '=', length - key - 1))
            return false;
        if (!value[length])
            return true;
        value += length + 1;
    }
}

static bool is_file(const char *value)
{
    return *value;
}

bool cake_gbench_is_regex(const char *text)
{
    regex_t regex;

    if (regcomp(&regex, text + (*text == '-'), REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    regfree(&regex);
    return true;
}

static const struct {
    const char *name;
    bool (*check)(const char *value);
    const char *expected;
} flags[] = {
    {"benchmark_list_tests", is_bool, "true or false"},
    {"benchmark_filter", cake_gbench_is_regex, "an extended regular expression"},
    {"benchmark_min_time", is_time, "seconds (0.5s) or iterations (100x), above 0"},
    {"benchmark_min_warmup_time", is_warmup, "seconds"},
    {"benchmark_repetitions", is_count, "a number, 1 or more"},
    {"benchmark_enable_random_interleaving", is_bool, "true or false"},
    {"benchmark_report_aggregates_only", is_bool, "true or false"},
    {"benchmark_display_aggregates_only", is_bool, "true or false"},
    {"benchmark_format", is_format, "console, json or csv"},
    {"benchmark_out", is_file, "a file's name"},
    {"benchmark_out_format", is_format, "json, csv or console"},
    {"benchmark_color", is_color, "auto, true or false"},
    {"benchmark_counters_tabular", is_bool, "true or false"},
    {"benchmark_context", is_context, "key=value,..."},
    {"benchmark_time_unit", is_unit, "ns, us, ms or s"},
};

bool cake_gbench_flag_parse(const char *argument, cake_gbench_flag *flag)
{
    size_t length;

    if (strncmp(argument, "--", 2) != 0)
        return false;
    argument += 2;
    length = strcspn(argument, "=");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (strlen(flags[i].name) != length || strncmp(flags[i].name, argument, length) != 0)
            continue;
        flag->name = flags[i].name;
        flag->value = argument[length] ? argument + length + 1 : flags[i].check == is_bool ? "true" : "";
        flag->valid = flags[i].check(flag->value);
        flag->expected = flags[i].expected;
        return true;
    }
    return false;
}
