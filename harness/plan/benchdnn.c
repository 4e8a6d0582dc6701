#include "plan/benchdnn.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "plan/benchdnn_problem.h"
#include "plan/benchdnn_words.h"
#include "plan/input.h"

enum { DEPTH_MAX = 16, VALUE_MAX = 4096, COMBINATIONS_MAX = 100000 };

/* While files are read. What an option says holds until it says something else, across files. */
typedef struct reader {
    const cake_benchdnn_driver *driver;
    cake_benchdnn *all;
    size_t room;
    uint64_t *hashes; /* of the workloads */
    uint64_t memory_bytes;
    char *value[CAKE_BENCHDNN_OPTIONS_MAX]; /* a list with commas, or NULL */
    regex_t match;
    bool has_match;
} reader;

static cake_status no_memory(cake_error *error)
{
    return cake_fail(error, CAKE_E_MEMORY, "out of memory");
}

static cake_status skip(reader *r, const char *reason, const cake_source *source, const char *example,
                        cake_error *error)
{
    cake_benchdnn *all = r->all;
    cake_benchdnn_skip *s = all->skips;

    for (size_t i = 0; i < all->n_skips; i++, s++)
        if (strcmp(s->reason, reason) == 0) {
            s->count++;
            return CAKE_OK;
        }
    s = realloc(all->skips, (all->n_skips + 1) * sizeof *s);
    if (!s)
        return no_memory(error);
    all->skips = s;
    s += all->n_skips;
    *s = (cake_benchdnn_skip){.reason = strdup(reason), .count = 1};
    if (asprintf(&s->example, "%s:%d: %s", source->file, source->line, example) < 0)
        s->example = NULL;
    all->n_skips++;
    return s->reason && s->example ? CAKE_OK : no_memory(error);
}

static uint64_t hash_of(const cake_workload *workload)
{
    const unsigned char *bytes = workload->params;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    for (size_t i = 0; i < workload->op->params_size; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    for (const char *c = workload->name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return hash;
}

static bool is_repeated(const reader *r, const cake_workload *workload, uint64_t hash)
{
    for (size_t i = r->all->count; i-- > 0;) {
        const cake_workload *known = &r->all->workloads[i];

        if (r->hashes[i] == hash && known->op == workload->op && strcmp(known->name, workload->name) == 0 &&
            memcmp(known->params, workload->params, known->op->params_size) == 0)
            return true;
    }
    return false;
}

static cake_status append(reader *r, cake_workload *workload, uint64_t hash, cake_error *error)
{
    cake_benchdnn *all = r->all;

    if (all->count == r->room) {
        size_t wanted = r->room ? 2 * r->room : 256;
        cake_workload *workloads = realloc(all->workloads, wanted * sizeof *workloads);
        uint64_t *hashes;

        if (workloads)
            all->workloads = workloads;
        hashes = realloc(r->hashes, wanted * sizeof *hashes);
        if (hashes)
            r->hashes = hashes;
        if (!workloads || !hashes)
            return no_memory(error);
        r->room = wanted;
    }
    r->hashes[all->count] = hash;
    all->workloads[all->count++] = *workload;
    *workload = (cake_workload){0};
    return CAKE_OK;
}

/* A line that a problem became. The op's own validation may still have something against it. */
static cake_status add_line(reader *r, const char *line, const cake_source *source, cake_error *error)
{
    cake_workload workload = {0};
    cake_error why = {""};
    cake_status st = cake_workload_parse(line, strlen(line), source, &workload, &why);
    uint64_t hash;

    if (st == CAKE_E_USAGE)
        return skip(r, "sizes that the op does not take", source, strrchr(why.text, ':') ? why.text : line, error);
    if (st != CAKE_OK)
        return cake_fail(error, st, "%s", why.text);
    hash = hash_of(&workload);
    if (cake_workload_fits(&workload, CAKE_F32, r->memory_bytes, &why) != CAKE_OK)
        st = skip(r, "more memory than there is", source, line, error);
    else if (is_repeated(r, &workload, hash))
        r->all->repeated++;
    else
        st = append(r, &workload, hash, error);
    cake_workload_free(&workload);
    return st;
}

static cake_status add_problem(reader *r, cake_benchdnn_problem *problem, cake_error *error)
{
    char word[CAKE_BENCHDNN_VALUE];
    cake_status st;

    problem->lines = 0;
    problem->reason[0] = '\0';
    r->all->problems++;
    st = cake_benchdnn_translate(r->driver, problem, error);
    if (st != CAKE_OK || problem->lines == 0) {
        snprintf(word, sizeof word, "%.*s", (int)problem->word.length, problem->word.at);
        return st != CAKE_OK ? st : skip(r, problem->reason, problem->source, word, error);
    }
    for (int i = 0; st == CAKE_OK && i < problem->lines; i++)
        st = add_line(r, problem->line[i], problem->source, error);
    return st;
}

/* Item `index` of a list with commas. */
static const char *item_of(const char *list, size_t index, size_t *length)
{
    for (; index > 0; index--)
        list = strchr(list, ',') + 1;
    list += strspn(list, " ");
    *length = strcspn(list, ", ");
    return list;
}

static size_t items_of(const char *list)
{
    size_t items = 1;

    for (; *list; list++)
        items += *list == ',';
    return items;
}

static bool is_neutral(const char *item, size_t length)
{
    static const char *const neutral[] = {"", "''", "\"\"", "false", "none", "strict", "undef", ":", "::"};

    for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
        if (strlen(neutral[i]) == length && strncasecmp(neutral[i], item, length) == 0)
            return true;
    return false;
}

/* Combination number `index` of all lists' items; false: a foreign option has a value in it (problem->reason). */
static bool choose_values(const reader *r, size_t index, cake_benchdnn_problem *problem)
{
    memset(problem->value, 0, sizeof problem->value);
    problem->reason[0] = '\0';
    for (int o = 0; cake_benchdnn_options[o].name; o++) {
        size_t items, length;
        const char *item;

        if (!r->value[o] || cake_benchdnn_options[o].kind > CAKE_BENCHDNN_FOREIGN)
            continue;
        items = items_of(r->value[o]);
        item = item_of(r->value[o], index % items, &length);
        index /= items;
        if (cake_benchdnn_options[o].kind == CAKE_BENCHDNN_IS_KEY)
            snprintf(problem->value[o], sizeof *problem->value, "%.*s", (int)length, item);
        else if (!is_neutral(item, length))
            snprintf(problem->reason, sizeof problem->reason, "--%s", cake_benchdnn_options[o].name);
    }
    return problem->reason[0] == '\0';
}

static cake_status read_descriptor(reader *r, const cake_word *word, const cake_source *source, cake_error *error)
{
    cake_benchdnn_problem problem = {.source = source, .word = *word};
    size_t combinations = 1;
    char text[1024];
    cake_status st = CAKE_OK;

    snprintf(text, sizeof text, "%.*s", (int)word->length, word->at);
    if (r->has_match && regexec(&r->match, text, 0, NULL, 0) != 0)
        return CAKE_OK;
    for (int o = 0; cake_benchdnn_options[o].name; o++)
        if (r->value[o] && cake_benchdnn_options[o].kind <= CAKE_BENCHDNN_FOREIGN)
            combinations *= items_of(r->value[o]);
    if (combinations > COMBINATIONS_MAX)
        return cake_fail_at(error, source, word->column, "expected options of at most %d combinations, found more",
                            COMBINATIONS_MAX);
    for (size_t i = 0; st == CAKE_OK && i < combinations; i++) {
        if (choose_values(r, i, &problem)) {
            st = add_problem(r, &problem, error);
        } else {
            r->all->problems++;
            st = skip(r, problem.reason, source, text, error);
        }
    }
    return st;
}

static void reset(reader *r)
{
    for (int o = 0; cake_benchdnn_options[o].name; o++) {
        free(r->value[o]);
        r->value[o] = NULL;
    }
    if (r->has_match)
        regfree(&r->match);
    r->has_match = false;
}

static cake_status set_match(reader *r, const char *text, const cake_word *word, const cake_source *source,
                             cake_error *error)
{
    if (r->has_match)
        regfree(&r->match);
    r->has_match = false;
    if (*text == '\0')
        return CAKE_OK;
    if (regcomp(&r->match, text, REG_EXTENDED | REG_NOSUB) != 0)
        return cake_fail_at(error, source, word->column, "expected a regular expression, found %s",
                            cake_found_bytes(text, strlen(text)).text);
    r->has_match = true;
    return CAKE_OK;
}

static cake_status read_file(reader *r, const char *path, int depth, cake_error *error);

/* --batch in a file: beside that file, or as it stands. */
static cake_status read_nested(reader *r, const char *name, int depth, const cake_word *word,
                               const cake_source *source, cake_error *error)
{
    const char *slash = strrchr(source->file, '/');
    char path[PATH_MAX];

    if (depth == DEPTH_MAX)
        return cake_fail_at(error, source, word->column, "expected files nested at most %d deep, found more",
                            DEPTH_MAX);
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - source->file + 1) : 0, source->file, name);
    if (!cake_input_is_there(path))
        snprintf(path, sizeof path, "%s", name);
    if (!cake_input_is_there(path))
        return cake_fail_at(error, source, word->column, "expected a file beside this one, found none named '%s'",
                            name);
    return read_file(r, path, depth + 1, error);
}

static cake_status read_option(reader *r, const cake_word *word, int depth, const cake_source *source,
                               cake_error *error)
{
    const char *equals = memchr(word->at, '=', word->length);
    size_t length = (equals ? (size_t)(equals - word->at) : word->length) - 2;
    char value[VALUE_MAX];
    int o;
    cake_status st;

    if (word->length < 2 || word->at[1] != '-')
        return word->length >= 2 && word->at[1] == 'v'
                   ? CAKE_OK
                   : cake_fail_at(error, source, word->column, "expected an option, found %s",
                                  cake_found_word(word).text);
    if ((st = cake_benchdnn_find_option(word, length, source, &o, error)) != CAKE_OK)
        return st;
    if (word->length - length >= VALUE_MAX)
        return cake_fail_at(error, source, word->column, "expected an option of less than %d bytes, found %zu",
                            VALUE_MAX, word->length);
    if (!equals && cake_benchdnn_options[o].kind != CAKE_BENCHDNN_RESET)
        return cake_fail_at(error, source, word->column, "expected --%s=..., found %s", cake_benchdnn_options[o].name,
                            cake_found_word(word).text);
    snprintf(value, sizeof value, "%.*s", equals ? (int)(word->length - length - 3) : 0, equals ? equals + 1 : "");
    switch (cake_benchdnn_options[o].kind) {
    case CAKE_BENCHDNN_RESET:
        reset(r);
        return CAKE_OK;
    case CAKE_BENCHDNN_BATCH:
        return read_nested(r, value, depth, word, source, error);
    case CAKE_BENCHDNN_MATCH:
        return set_match(r, value, word, source, error);
    default:
        free(r->value[o]);
        r->value[o] = strdup(value);
        return r->value[o] ? CAKE_OK : no_memory(error);
    }
}

static cake_status read_file(reader *r, const char *path, int depth, cake_error *error)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    char *text = NULL;
    size_t size = 0;
    cake_benchdnn_words w = {.source = {path, 1, base}};
    bool found = true;
    cake_status st = cake_input_read(path, "benchdnn file", &text, &size, error);

    if (st != CAKE_OK)
        return st;
    w.at = w.line_start = text;
    w.end = text + size;
    while (st == CAKE_OK && found) {
        cake_word word;

        st = cake_benchdnn_next_word(&w, &word, &found, error);
        if (st == CAKE_OK && found && word.length > 0)
            st = word.at[0] == '-' ? read_option(r, &word, depth, &w.source, error)
                                   : read_descriptor(r, &word, &w.source, error);
    }
    free(w.text);
    free(text);
    return st;
}

cake_status cake_benchdnn_read(const char *driver, const char *path, uint64_t memory_bytes, cake_benchdnn *all,
                               cake_error *error)
{
    const cake_benchdnn_driver *known = cake_benchdnn_drivers;
    reader *r = NULL;
    char names[128] = "";
    size_t used = 0;
    cake_status st;

    for (; known->name && strcmp(known->name, driver) != 0; known++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", known->name);
    if (!known->name)
        return cake_fail(error, CAKE_E_USAGE, "expected one of %s, found '%s'", names, driver);
    r = calloc(1, sizeof *r);
    if (!r || !(r->hashes = calloc(all->count + 1, sizeof *r->hashes))) {
        free(r);
        return no_memory(error);
    }
    r->driver = known;
    r->all = all;
    r->room = all->count;
    r->memory_bytes = memory_bytes ? memory_bytes : cake_memory_available();
    for (size_t i = 0; i < all->count; i++)
        r->hashes[i] = hash_of(&all->workloads[i]);
    st = read_file(r, path, 1, error);
    reset(r);
    free(r->hashes);
    free(r);
    return st;
}

void cake_benchdnn_free(cake_benchdnn *all)
{
    for (size_t i = 0; i < all->count; i++)
        cake_workload_free(&all->workloads[i]);
    for (size_t i = 0; i < all->n_skips; i++) {
        free(all->skips[i].reason);
        free(all->skips[i].example);
    }
    free(all->workloads);
    free(all->skips);
    *all = (cake_benchdnn){0};
}
