#include "plan/params.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cake_params_count(const cake_op *op)
{
    int count = 0;

    while (op->params[count].key)
        count++;
    assert(count <= CAKE_MAX_PARAMS);
    return count;
}

int cake_params_find(const cake_op *op, const char *key)
{
    for (int i = 0; op->params[i].key; i++)
        if (strcmp(op->params[i].key, key) == 0)
            return i;
    return -1;
}

static size_t value_size(const cake_param *param)
{
    switch (param->kind) {
    case CAKE_PARAM_SIZE:
        return sizeof(int64_t);
    case CAKE_PARAM_FLAG:
    case CAKE_PARAM_CHOICE:
        return sizeof(int32_t);
    case CAKE_PARAM_REAL:
        return sizeof(double);
    case CAKE_PARAM_ALIAS:
        break;
    }
    return 0;
}

static void *member(const cake_param *param, void *params)
{
    return (char *)params + param->offset;
}

static const void *const_member(const cake_param *param, const void *params)
{
    return (const char *)params + param->offset;
}

/* A value of the key's kind; `ranged` also wants it from min to max. Defaults may lie outside: a 0 that `validate`
 * replaces. */
static bool set(const cake_param *param, void *params, const char *text, size_t length, bool ranged)
{
    long long whole;
    double real;

    switch (param->kind) {
    case CAKE_PARAM_SIZE:
        if (!cake_parse_whole(text, length, &whole))
            return false;
        if (ranged && ((double)whole < param->min || (double)whole > param->max))
            return false;
        memcpy(member(param, params), &(int64_t){whole}, sizeof(int64_t));
        return true;
    case CAKE_PARAM_FLAG:
        if (length != 1 || (text[0] != '0' && text[0] != '1'))
            return false;
        memcpy(member(param, params), &(int32_t){text[0] - '0'}, sizeof(int32_t));
        return true;
    case CAKE_PARAM_CHOICE:
        for (int32_t i = 0; param->choices[i]; i++)
            if (strlen(param->choices[i]) == length && memcmp(param->choices[i], text, length) == 0) {
                memcpy(member(param, params), &i, sizeof i);
                return true;
            }
        return false;
    case CAKE_PARAM_REAL:
        if (!cake_parse_real(text, length, &real))
            return false;
        if (ranged && (real < param->min || real > param->max))
            return false;
        memcpy(member(param, params), &real, sizeof real);
        return true;
    case CAKE_PARAM_ALIAS:
        break;
    }
    return false;
}

void *cake_params_new(const cake_op *op)
{
    void *params = calloc(1, op->params_size);
    uint32_t struct_size = (uint32_t)op->params_size;

    if (!params)
        return NULL;
    memcpy(params, &struct_size, sizeof struct_size); /* the first member of each */
    for (int i = 0; op->params[i].key; i++) {
        const cake_param *param = &op->params[i];

        if (param->kind != CAKE_PARAM_ALIAS && param->value) {
            bool ok = set(param, params, param->value, strlen(param->value), false);

            assert(ok);
            (void)ok;
        }
    }
    return params;
}

bool cake_param_set(const cake_param *param, void *params, const char *text, size_t length)
{
    return set(param, params, text, length, true);
}

void cake_param_expects(const cake_param *param, char *buffer, size_t size)
{
    size_t used;

    switch (param->kind) {
    case CAKE_PARAM_SIZE:
        snprintf(buffer, size, "a whole number from %.0f to %.0f", param->min, param->max);
        return;
    case CAKE_PARAM_FLAG:
        snprintf(buffer, size, "0 or 1");
        return;
    case CAKE_PARAM_CHOICE:
        used = (size_t)snprintf(buffer, size, "one of ");
        for (int i = 0; param->choices[i] && used < size; i++)
            used += (size_t)snprintf(buffer + used, size - used, "%s%s", i ? ", " : "", param->choices[i]);
        return;
    case CAKE_PARAM_REAL:
        snprintf(buffer, size, "a number from %g to %g", param->min, param->max);
        return;
    case CAKE_PARAM_ALIAS:
        snprintf(buffer, size, "a value");
        return;
    }
}

void cake_param_text(const cake_param *param, const void *params, char *buffer, size_t size)
{
    int64_t whole;
    int32_t small;
    double real;

    switch (param->kind) {
    case CAKE_PARAM_SIZE:
        memcpy(&whole, const_member(param, params), sizeof whole);
        snprintf(buffer, size, "%lld", (long long)whole);
        return;
    case CAKE_PARAM_FLAG:
        memcpy(&small, const_member(param, params), sizeof small);
        snprintf(buffer, size, "%d", small);
        return;
    case CAKE_PARAM_CHOICE:
        memcpy(&small, const_member(param, params), sizeof small);
        assert(small >= 0 && param->choices[small]);
        snprintf(buffer, size, "%s", param->choices[small]);
        return;
    case CAKE_PARAM_REAL:
        memcpy(&real, const_member(param, params), sizeof real);
        cake_format_real(real, buffer, size);
        return;
    case CAKE_PARAM_ALIAS:
        buffer[0] = '\0';
        return;
    }
}

bool cake_param_equal(const cake_param *a, const void *a_params, const cake_param *b, const void *b_params)
{
    return a->kind == b->kind && memcmp(const_member(a, a_params), const_member(b, b_params), value_size(a)) == 0;
}

void cake_param_copy(const cake_param *param, void *to, const void *from)
{
    memcpy(member(param, to), const_member(param, from), value_size(param));
}
