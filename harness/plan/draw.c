#include "plan/draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/params.h"

enum { TRIES = 100000, FLOPS_MAX = 3000000, ELEMENTS_MAX = 100000 };

/* Keys that must be multiples of others: left to chance, too few draws would be valid. */
typedef struct multiple {
    const char *op, *key, *of;
} multiple;

static const multiple multiples[] = {
    {"attention", "heads", "kv_heads"},
    {"conv2d", "ic", "groups"},
    {"conv2d", "oc", "groups"},
    {"conv3d", "ic", "groups"},
    {"conv3d", "oc", "groups"},
    {"conv_transpose2d", "ic", "groups"},
    {"conv_transpose2d", "oc", "groups"},
    {"group_norm", "c", "groups"},
    {"mha", "heads", "kv_heads"},
    {"mha", "model", "heads"},
    {"transformer_block", "heads", "kv_heads"},
    {"transformer_block", "model", "heads"},
};

/* Sizes that stay small unless a key has its first choice: what is computed then may grow from step to step, and
 * beyond f32. */
typedef struct limit {
    const char *op, *size, *choice;
    int64_t most;
} limit;

static const limit limits[] = {{"rnn", "steps", "f", 2}, {"rnn", "steps", "g", 2}, {"rnn", "steps", "h", 2}};

/* Keys that few kernels know, drawn one time in eight; and those that mean nothing unless the key `of` was drawn. */
typedef struct rare {
    const char *op, *key, *of;
} rare;

static const rare rares[] = {
    {"rnn", "f", NULL},      {"rnn", "f_alpha", "f"},       {"rnn", "f_beta", "f"},      {"rnn", "g", NULL},
    {"rnn", "g_alpha", "g"}, {"rnn", "g_beta", "g"},        {"rnn", "h", NULL},          {"rnn", "h_alpha", "h"},
    {"rnn", "h_beta", "h"},  {"rnn", "input_forget", NULL}, {"pool2d", "indices", NULL}, {"pool3d", "indices", NULL},
};

static bool chance(cake_random *random, uint64_t in_hundred)
{
    return cake_random_below(random, 100) < in_hundred;
}

static int64_t from_to(cake_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)cake_random_below(random, (uint64_t)(high - low + 1));
}

/* `tiny`: how many in a hundred are next to nothing. */
static int64_t draw_size(cake_random *random, uint64_t tiny)
{
    static const int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 61, 67, 97, 127, 131};

    if (chance(random, tiny))
        return from_to(random, 0, 4);
    if (chance(random, 40))
        return from_to(random, 1, 16);
    if (chance(random, 50)) /* around the sizes of vectors and blocks */
        return (INT64_C(8) << cake_random_below(random, 5)) + from_to(random, -1, 1);
    if (chance(random, 85))
        return primes[cake_random_below(random, sizeof primes / sizeof *primes)];
    return (int64_t)exp2(cake_random_real(random, 6, 14));
}

/* Around the default on a logarithmic scale, or around 1 if that is 0; three digits, so that it can be read. */
static double draw_real(const cake_param *param, cake_random *random)
{
    double middle = param->value ? strtod(param->value, NULL) : 1;
    double drawn = (middle > 0 ? middle : 1) * exp2(cake_random_real(random, -3, 3));
    char text[32];

    snprintf(text, sizeof text, "%.3g", fmin(fmax(drawn, param->min), param->max));
    return strtod(text, NULL);
}

/* A value of the key's kind, as text. */
static void draw_text(const cake_param *param, cake_random *random, uint64_t tiny, char *text, size_t size)
{
    uint64_t choices = 0;

    while (param->choices[choices])
        choices++;
    switch (param->kind) {
    case CAKE_PARAM_SIZE:
        snprintf(text, size, "%.0f", fmin(fmax((double)draw_size(random, tiny), param->min), param->max));
        return;
    case CAKE_PARAM_REAL:
        cake_format_real(draw_real(param, random), text, size);
        return;
    case CAKE_PARAM_FLAG:
        snprintf(text, size, "%d", (int)cake_random_below(random, 2));
        return;
    case CAKE_PARAM_CHOICE:
        snprintf(text, size, "%s", param->choices[cake_random_below(random, choices)]);
        return;
    case CAKE_PARAM_ALIAS:
        text[0] = '\0';
        return;
    }
}

static void draw_key(const cake_op *op, int key, const char *text, void *params, bool *drawn)
{
    cake_param_set(&op->params[key], params, text, strlen(text));
    drawn[key] = true;
}

static int64_t *size_of(const cake_op *op, const char *key, void *params)
{
    return (int64_t *)((char *)params + op->params[cake_params_find(op, key)].offset);
}

/* Bring what has a limit below it. */
static void apply_limits(const cake_op *op, void *params)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (strcmp(limits[i].op, op->name) == 0) {
            int32_t choice = *(int32_t *)((char *)params + op->params[cake_params_find(op, limits[i].choice)].offset);
            int64_t *size = size_of(op, limits[i].size, params);

            if (choice != 0 && *size > limits[i].most)
                *size = 1 + *size % limits[i].most;
        }
}

/* Is a key with a default left at it? */
static bool stays(const cake_op *op, const cake_param *param, cake_random *random, const bool *drawn)
{
    for (size_t i = 0; i < sizeof rares / sizeof *rares; i++)
        if (strcmp(rares[i].op, op->name) == 0 && strcmp(rares[i].key, param->key) == 0)
            return rares[i].of ? !drawn[cake_params_find(op, rares[i].of)] : cake_random_below(random, 8) != 0;
    return chance(random, 50);
}

static void draw_params(const cake_op *op, cake_random *random, void *params)
{
    uint64_t tiny = 15 + cake_random_below(random, 60);
    bool drawn[CAKE_MAX_PARAMS] = {false};
    char text[64];

    /* All sides alike, as an alias has it, as often as not. */
    for (int i = 0; op->params[i].key; i++) {
        const cake_param *alias = &op->params[i];

        if (alias->kind != CAKE_PARAM_ALIAS || !chance(random, 40))
            continue;
        draw_text(&op->params[cake_params_find(op, alias->sets[0])], random, tiny, text, sizeof text);
        for (int s = 0; s < 8 && alias->sets[s]; s++)
            draw_key(op, cake_params_find(op, alias->sets[s]), text, params, drawn);
    }
    for (int i = 0; op->params[i].key; i++) {
        const cake_param *param = &op->params[i];

        if (param->kind == CAKE_PARAM_ALIAS || drawn[i] || (param->value && stays(op, param, random, drawn)))
            continue;
        draw_text(param, random, tiny, text, sizeof text);
        draw_key(op, i, text, params, drawn);
    }
    for (size_t m = 0; m < sizeof multiples / sizeof *multiples; m++)
        if (strcmp(multiples[m].op, op->name) == 0) {
            int64_t factor = *size_of(op, multiples[m].of, params);

            if (factor > 0)
                *size_of(op, multiples[m].key, params) *= factor;
        }
    apply_limits(op, params);
}

static bool is_cheap(const cake_op *op, const void *params)
{
    cake_tensor_list list = {0};
    double elements = 0;

    op->tensors(params, &list);
    for (int i = 0; i < list.count; i++)
        elements += (double)cake_spec_elements(&list.tensor[i]);
    return op->flops(params) <= FLOPS_MAX && elements <= ELEMENTS_MAX;
}

cake_status cake_workload_draw(const cake_op *op, cake_random *random, cake_workload *workload, cake_error *error)
{
    cake_workload drawn = {.op = op, .count = 1, .line = 1, .file = strdup("random")};

    for (int i = 0; drawn.file && i < TRIES; i++) {
        drawn.params = cake_params_new(op);
        if (!drawn.params)
            break;
        draw_params(op, random, drawn.params);
        if (op->validate(drawn.params, NULL) == CAKE_OK && is_cheap(op, drawn.params)) {
            *workload = drawn;
            return CAKE_OK;
        }
        free(drawn.params);
        drawn.params = NULL;
        if (i + 1 == TRIES) {
            cake_workload_free(&drawn);
            return cake_fail(error, CAKE_E_INTERNAL, "%s: no valid workload in %d tries", op->name, TRIES);
        }
    }
    cake_workload_free(&drawn);
    return cake_fail(error, CAKE_E_MEMORY, "out of memory");
}

/* What makes a workload hard to look at; a simpler one has less, so that simplifying ends. */
static double weight(const cake_op *op, const void *params)
{
    char text[CAKE_WORKLOAD_TEXT];
    double sum = op->flops(params) + (double)cake_params_format(op, params, text, sizeof text);

    for (int i = 0; op->params[i].key; i++)
        if (op->params[i].kind == CAKE_PARAM_SIZE)
            sum += (double)*(const int64_t *)((const char *)params + op->params[i].offset);
    return sum;
}

typedef enum way { TO_DEFAULT, TO_LEAST, HALVE, LESS, N_WAYS } way;

/* The key's value made simpler; false if that way changes nothing. */
static bool simplify_key(const cake_param *param, way how, void *params)
{
    char before[64], text[64];
    double value;

    cake_param_text(param, params, before, sizeof before);
    value = strtod(before, NULL);
    if (how != TO_DEFAULT && param->kind != CAKE_PARAM_SIZE)
        return false;
    switch (how) {
    case TO_DEFAULT:
        if (!param->value && param->kind != CAKE_PARAM_CHOICE)
            return false;
        snprintf(text, sizeof text, "%s", param->value ? param->value : param->choices[0]);
        break;
    case TO_LEAST:
        snprintf(text, sizeof text, "%.0f", fmax(param->min, 1));
        break;
    case HALVE:
        snprintf(text, sizeof text, "%.0f", floor(value / 2));
        break;
    default:
        snprintf(text, sizeof text, "%.0f", value - 1);
        break;
    }
    return strcmp(text, before) != 0 && cake_param_set(param, params, text, strlen(text));
}

/* What must be a multiple of the key becomes as many times its new value as it was of the old. */
static void follow(const cake_op *op, const char *key, int64_t before, void *params)
{
    for (size_t m = 0; m < sizeof multiples / sizeof *multiples; m++)
        if (before > 0 && strcmp(multiples[m].op, op->name) == 0 && strcmp(multiples[m].of, key) == 0) {
            int64_t *size = size_of(op, multiples[m].key, params), after = *size_of(op, key, params);

            if (after > 0 && *size % before == 0)
                *size = *size / before * after;
        }
}

/* One key made simpler, and what depends on it. */
static bool simplify(const cake_op *op, const cake_param *param, way how, void *params)
{
    int64_t before = param->kind == CAKE_PARAM_SIZE ? *size_of(op, param->key, params) : 0;

    if (!simplify_key(param, how, params))
        return false;
    follow(op, param->key, before, params);
    return true;
}

cake_status cake_workload_simplify(const cake_workload *from, int step, cake_workload *simpler, cake_error *error)
{
    const cake_op *op = from->op;
    int count = cake_params_count(op);
    cake_workload made = *from;
    bool valid;

    if (step >= N_WAYS * count)
        return CAKE_NOT_FOUND;
    if (op->params[step % count].kind == CAKE_PARAM_ALIAS)
        return CAKE_NOT_SUPPORTED;
    made.golden = NULL;
    made.comment = NULL;
    made.file = strdup(from->file);
    made.params = malloc(op->params_size);
    if (!made.file || !made.params) {
        cake_workload_free(&made);
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    memcpy(made.params, from->params, op->params_size);
    valid = simplify(op, &op->params[step % count], (way)(step / count), made.params) &&
            op->validate(made.params, NULL) == CAKE_OK && weight(op, made.params) < weight(op, from->params);
    if (!valid) {
        cake_workload_free(&made);
        return CAKE_NOT_SUPPORTED;
    }
    *simpler = made;
    return CAKE_OK;
}
