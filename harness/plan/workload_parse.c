#include "plan/workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "plan/golden.h"
#include "plan/params.h"

const cake_shorthand cake_shorthands[] = {
    {"conv1d",
     "conv2d",
     {"ih", "kh", NULL},
     {{"k", "kw"}, {"stride", "stride_w"}, {"pad", "pad_w"}, {"dil", "dil_w"}, {NULL, NULL}}},
    {"pool1d",
     "pool2d",
     {"ih", "kh", NULL},
     {{"k", "kw"}, {"stride", "stride_w"}, {"pad", "pad_w"}, {"dil", "dil_w"}, {NULL, NULL}}},
    {.name = NULL},
};

/* One line while it is read. */
typedef struct parser {
    const cake_source *source;
    const cake_shorthand *shorthand; /* that the line begins with, or NULL */
    const cake_op *op;
    void *params;
    cake_workload *workload;
    int given[CAKE_MAX_PARAMS]; /* the column that set the key; 0: not yet */
    int name_given, count_given;
} parser;

/* NULL: there is no such op, and the error says so. */
static const cake_op *read_op(const cake_source *source, const cake_word *word, const cake_shorthand **shorthand,
                              cake_error *error)
{
    char name[CAKE_NAME_SIZE] = "";
    cake_nearest nearest = {.word = name};
    const cake_op *op = cake_word_copy(word, name, sizeof name) ? cake_op_find(name) : NULL;
    const char *meant;

    if (op)
        return op;
    for (const cake_shorthand *s = cake_shorthands; s->name; s++) {
        if (strcmp(s->name, name) == 0) {
            *shorthand = s;
            return cake_op_find(s->op);
        }
        cake_nearest_offer(&nearest, s->name);
    }
    for (int i = 0; cake_ops[i] && name[0]; i++)
        cake_nearest_offer(&nearest, cake_ops[i]->name);
    meant = cake_nearest_get(&nearest);
    if (meant)
        cake_fail_at(error, source, word->column, "expected an op, found %s; did you mean '%s'?",
                     cake_found_word(word).text, meant);
    else
        cake_fail_at(error, source, word->column, "expected an op ('layercake list ops' names them), found %s",
                     cake_found_word(word).text);
    return NULL;
}

static cake_status again(const parser *p, int column, const char *key, int first, cake_error *error)
{
    return cake_fail_at(error, p->source, column, "expected each key once, found '%s' again (column %d sets it)", key,
                        first);
}

static cake_status bad_value(const parser *p, const cake_param *param, const cake_word *value, cake_error *error)
{
    char expects[256];

    cake_param_expects(param, expects, sizeof expects);
    return cake_fail_at(error, p->source, value->column, "expected %s for %s (%s), found %s", expects, param->key,
                        param->meaning, cake_found_word(value).text);
}

static cake_status set_one(parser *p, int index, int column, const cake_word *value, cake_error *error)
{
    const cake_param *param = &p->op->params[index];

    if (p->given[index])
        return again(p, column, param->key, p->given[index], error);
    if (!cake_param_set(param, p->params, value->at, value->length))
        return bad_value(p, param, value, error);
    p->given[index] = column;
    return CAKE_OK;
}

static cake_status set_param(parser *p, int index, int column, const cake_word *value, cake_error *error)
{
    const cake_param *param = &p->op->params[index];
    cake_status st = CAKE_OK;

    if (param->kind != CAKE_PARAM_ALIAS)
        return set_one(p, index, column, value, error);
    for (int i = 0; i < 8 && param->sets[i] && st == CAKE_OK; i++)
        st = set_one(p, cake_params_find(p->op, param->sets[i]), column, value, error);
    return st;
}

static cake_status set_name(parser *p, int column, const cake_word *value, cake_error *error)
{
    if (p->name_given)
        return again(p, column, "name", p->name_given, error);
    p->name_given = column;
    for (size_t i = 0; i < value->length; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-+/", value->at[i]))
            return cake_fail_at(error, p->source, value->column + (int)i,
                                "expected a name of letters, digits and _.-+/, found %s",
                                cake_found_word(value).text);
    if (value->length == 0 || !cake_word_copy(value, p->workload->name, sizeof p->workload->name))
        return cake_fail_at(error, p->source, value->column, "expected a name of 1 to %d bytes, found %s",
                            CAKE_NAME_SIZE - 1, cake_found_word(value).text);
    return CAKE_OK;
}

static cake_status set_count(parser *p, int column, const cake_word *value, cake_error *error)
{
    long long count;

    if (p->count_given)
        return again(p, column, "count", p->count_given, error);
    p->count_given = column;
    if (!cake_parse_whole(value->at, value->length, &count) || count < 1 || count > CAKE_COUNT_MAX)
        return cake_fail_at(error, p->source, value->column,
                            "expected a whole number from 1 to %d for count (how often the layer occurs), found %s",
                            CAKE_COUNT_MAX, cake_found_word(value).text);
    p->workload->count = count;
    return CAKE_OK;
}

static cake_status unknown_key(const parser *p, const cake_word *word, const char *key, cake_error *error)
{
    cake_nearest nearest = {.word = key};
    char keys[512] = "";
    size_t used = 0;
    const char *meant;

    cake_nearest_offer(&nearest, "name");
    cake_nearest_offer(&nearest, "count");
    for (int i = 0; p->op->params[i].key; i++) {
        cake_nearest_offer(&nearest, p->op->params[i].key);
        if (used < sizeof keys)
            used += (size_t)snprintf(keys + used, sizeof keys - used, " %s", p->op->params[i].key);
    }
    meant = cake_nearest_get(&nearest);
    if (meant)
        return cake_fail_at(error, p->source, word->column, "expected a key of %s, found '%s'; did you mean '%s'?",
                            p->op->name, key, meant);
    return cake_fail_at(error, p->source, word->column, "expected a key of %s (name count%s), found '%s'",
                        p->op->name, keys, key);
}

static cake_status read_key(parser *p, const cake_word *word, cake_error *error)
{
    const char *equals = memchr(word->at, '=', word->length);
    cake_word left = *word, value = *word;
    char key[CAKE_NAME_SIZE];
    int index;

    if (!equals || equals == word->at)
        return cake_fail_at(error, p->source, word->column, "expected key=value, found %s",
                            cake_found_word(word).text);
    left.length = (size_t)(equals - word->at);
    value.at = equals + 1;
    value.length = word->length - left.length - 1;
    value.column = word->column + (int)left.length + 1;
    if (!cake_word_copy(&left, key, sizeof key))
        return cake_fail_at(error, p->source, word->column, "expected a key of %s, found %s", p->op->name,
                            cake_found_word(&left).text);
    if (strcmp(key, "name") == 0)
        return set_name(p, word->column, &value, error);
    if (strcmp(key, "count") == 0)
        return set_count(p, word->column, &value, error);
    for (int i = 0; p->shorthand && p->shorthand->renamed[i][0]; i++)
        if (strcmp(key, p->shorthand->renamed[i][0]) == 0) {
            snprintf(key, sizeof key, "%s", p->shorthand->renamed[i][1]);
            break;
        }
    index = cake_params_find(p->op, key);
    if (index < 0)
        return unknown_key(p, word, key, error);
    return set_param(p, index, word->column, &value, error);
}

static cake_status require_all(const parser *p, int column, cake_error *error)
{
    for (int i = 0; p->op->params[i].key; i++) {
        const cake_param *param = &p->op->params[i];

        if (param->kind != CAKE_PARAM_ALIAS && !param->value && !p->given[i])
            return cake_fail_at(error, p->source, column, "expected %s=... (%s), found the end of the workload",
                                param->key, param->meaning);
    }
    return CAKE_OK;
}

cake_status cake_workload_parse(const char *text, size_t length, const cake_source *source, cake_workload *workload,
                                cake_error *error)
{
    cake_workload read = {.count = 1, .line = source->line};
    parser p = {.source = source, .workload = &read};
    cake_line line;
    cake_word word;
    int op_column;
    cake_status st = cake_line_open(&line, text, length, source, error);

    if (st != CAKE_OK)
        return st;
    if (!cake_line_next(&line, &word))
        return cake_fail(error, CAKE_NOT_FOUND, "%s:%d: no workload", source->file, source->line);
    op_column = word.column;
    p.op = read_op(source, &word, &p.shorthand, error);
    if (!p.op)
        return CAKE_E_USAGE;

    p.params = cake_params_new(p.op);
    read.op = p.op;
    read.params = p.params;
    read.file = strdup(source->file);
    snprintf(read.dataset, sizeof read.dataset, "%s", source->dataset ? source->dataset : "");
    if (!read.params || !read.file) {
        st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
        goto out;
    }
    for (int i = 0; st == CAKE_OK && p.shorthand && p.shorthand->ones[i]; i++)
        st = set_one(&p, cake_params_find(p.op, p.shorthand->ones[i]), op_column, &(cake_word){"1", 1, op_column},
                     error);
    while (st == CAKE_OK && cake_line_next(&line, &word))
        st = read_key(&p, &word, error);
    if (st == CAKE_OK)
        st = require_all(&p, cake_line_column(&line), error);
    if (st != CAKE_OK)
        goto out;
    st = p.op->validate(read.params, error);
    if (st != CAKE_OK) {
        cake_fail_within(error, st, "%s:%d:%d: %s", source->file, source->line, op_column, p.op->name);
        goto out;
    }
    *workload = read;
    read = (cake_workload){0};
out:
    cake_workload_free(&read);
    return st;
}

void cake_workload_free(cake_workload *workload)
{
    free(workload->params);
    free(workload->file);
    free(workload->comment);
    cake_golden_free(workload->golden);
    *workload = (cake_workload){0};
}
