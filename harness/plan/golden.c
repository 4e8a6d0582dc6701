#include "plan/golden.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOLDEN_MAX = 1 << 20 }; /* elements of a tensor: numbers from a page, not a data set */

static bool begins_value(const cake_word *word)
{
    return word->length > 0 && strchr("0123456789+-.?", word->at[0]) != NULL;
}

bool cake_golden_is_line(const char *text, size_t length)
{
    cake_line line = {text, text, text + length};
    cake_word word;

    if (!cake_line_next(&line, &word))
        return false;
    return cake_word_is(&word, "given") || cake_word_is(&word, "expect") || begins_value(&word);
}

/* One unit of the last digit of a decimal that parsed: 0.01 for "2.94", 1e-5 for "1.23e-3". */
static double last_digit_unit(const char *text, size_t length)
{
    const char *exponent = NULL, *point = NULL;
    int decimals = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == 'e' || text[i] == 'E')
            exponent = text + i;
        else if (text[i] == '.')
            point = text + i;
        else if (point && !exponent)
            decimals++;
    }
    return pow(10, (exponent ? strtod(exponent + 1, NULL) : 0) - decimals);
}

/* One value of a `given` (low = high) or `expect` line. */
static bool read_value(const cake_word *word, bool expected, double *low, double *high)
{
    char text[CAKE_NAME_SIZE];
    size_t length = word->length;
    bool square = false;
    double value, unit;

    if (!cake_word_copy(word, text, sizeof text))
        return false;
    if (!expected) {
        if (!cake_parse_real(text, length, &value))
            return false;
        *low = *high = value;
        return true;
    }
    if (strcmp(text, "?") == 0) {
        *low = -INFINITY;
        *high = INFINITY;
        return true;
    }
    if (length > 2 && strcmp(text + length - 2, "^2") == 0) {
        square = true;
        length -= 2;
        text[length] = '\0';
    }
    if (!cake_parse_real(text, length, &value))
        return false;
    unit = last_digit_unit(text, length);
    *low = value - unit;
    *high = value + unit;
    if (square) {
        double least = fmax(fabs(value) - unit, 0), most = fabs(value) + unit;

        *low = least * least;
        *high = most * most;
    }
    return true;
}

static cake_golden_tensor *last_tensor(const cake_workload *workload)
{
    cake_golden *golden = workload->golden;

    return golden && golden->count > 0 ? &golden->tensor[golden->count - 1] : NULL;
}

/* A tensor without values yet; `written`: with room for the texts that were published. */
static cake_status new_tensor(cake_workload *workload, int index, int64_t room, int line, bool written,
                              cake_error *error)
{
    cake_golden_tensor *tensor;

    if (!workload->golden && !(workload->golden = calloc(1, sizeof *workload->golden)))
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    tensor = &workload->golden->tensor[workload->golden->count++];
    *tensor = (cake_golden_tensor){.tensor = index, .room = room, .line = line};
    tensor->low = calloc((size_t)room, sizeof *tensor->low);
    tensor->high = calloc((size_t)room, sizeof *tensor->high);
    if (written)
        tensor->text = calloc((size_t)room, sizeof *tensor->text);
    if (!tensor->low || !tensor->high || (written && !tensor->text))
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    return CAKE_OK;
}

/* "given x =" or "expect y =": a new tensor. */
static cake_status begin_tensor(cake_workload *workload, cake_line *line, const cake_word *verb,
                                const cake_source *source, cake_error *error)
{
    bool expected = cake_word_is(verb, "expect");
    cake_word name = {"", 0, cake_line_column(line)}, equals;
    cake_tensor_list list = {0};
    char names[256] = "";
    size_t used = 0;
    int index = -1;
    int64_t room;

    workload->op->tensors(workload->params, &list);
    cake_line_next(line, &name);
    for (int i = 0; i < list.count; i++) {
        if ((list.tensor[i].role == CAKE_ROLE_OUTPUT) != expected)
            continue;
        if (cake_word_is(&name, list.tensor[i].name))
            index = i;
        if (used < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, " %s", list.tensor[i].name);
    }
    if (index < 0)
        return cake_fail_at(error, source, name.column, "expected the name of %s of this %s (%s ), found %s",
                            expected ? "an output" : "an input or constant", workload->op->name, names,
                            cake_found_word(&name).text);
    equals = (cake_word){"", 0, cake_line_column(line)};
    if (!cake_line_next(line, &equals) || !cake_word_is(&equals, "="))
        return cake_fail_at(error, source, equals.column, "expected '=' between blanks, found %s",
                            cake_found_word(&equals).text);
    if (workload->golden && cake_golden_find(workload->golden, index))
        return cake_fail_at(error, source, name.column, "expected each tensor once, found %s again",
                            cake_found_word(&name).text);
    room = cake_spec_elements(&list.tensor[index]);
    if (room > GOLDEN_MAX)
        return cake_fail_at(error, source, name.column, "expected a tensor of at most %d elements, found %lld",
                            GOLDEN_MAX, (long long)room);
    return new_tensor(workload, index, room, source->line, expected, error);
}

static cake_status add_value(cake_workload *workload, const cake_word *word, const cake_source *source,
                             cake_error *error)
{
    cake_golden_tensor *tensor = last_tensor(workload);
    cake_tensor_list list = {0};
    bool expected;

    workload->op->tensors(workload->params, &list);
    expected = list.tensor[tensor->tensor].role == CAKE_ROLE_OUTPUT;
    if (tensor->count == tensor->room)
        return cake_fail_at(error, source, word->column, "expected %lld values for %s, found more",
                            (long long)tensor->room, list.tensor[tensor->tensor].name);
    if (!read_value(word, expected, &tensor->low[tensor->count], &tensor->high[tensor->count]))
        return cake_fail_at(error, source, word->column, "expected a number%s, found %s",
                            expected ? ", number^2 or ?" : "", cake_found_word(word).text);
    if (expected)
        snprintf(tensor->text[tensor->count].text, sizeof tensor->text->text, "%.*s", (int)word->length, word->at);
    tensor->count++;
    return CAKE_OK;
}

cake_status cake_golden_add(cake_workload *workload, const char *text, size_t length, const cake_source *source,
                            cake_error *error)
{
    cake_line line;
    cake_word word;
    cake_status st = cake_line_open(&line, text, length, source, error);

    if (st != CAKE_OK || !cake_line_next(&line, &word))
        return st;
    if (!begins_value(&word)) {
        st = begin_tensor(workload, &line, &word, source, error);
    } else if (!last_tensor(workload)) {
        st = cake_fail_at(error, source, word.column, "expected an op, found %s", cake_found_word(&word).text);
    } else {
        st = add_value(workload, &word, source, error);
    }
    while (st == CAKE_OK && cake_line_next(&line, &word))
        st = add_value(workload, &word, source, error);
    return st;
}

cake_status cake_golden_put(cake_workload *workload, const char *name, const double *values, int64_t count,
                            cake_error *error)
{
    cake_tensor_list list = {0};
    cake_golden_tensor *tensor;
    int64_t room = 0;
    int index = 0;
    cake_status st;

    workload->op->tensors(workload->params, &list);
    while (index < list.count && strcmp(list.tensor[index].name, name) != 0)
        index++;
    room = index < list.count ? cake_spec_elements(&list.tensor[index]) : 0;
    if (room < 1 || room != count || (workload->golden && cake_golden_find(workload->golden, index)))
        return cake_fail(error, CAKE_E_USAGE, "expected %lld values for %s of this %s, found %lld", (long long)room,
                         name, workload->op->name, (long long)count);
    st = new_tensor(workload, index, room, 0, false, error);
    if (st != CAKE_OK)
        return st;
    tensor = last_tensor(workload);
    tensor->count = count;
    memcpy(tensor->low, values, (size_t)count * sizeof *values);
    memcpy(tensor->high, values, (size_t)count * sizeof *values);
    return CAKE_OK;
}

cake_status cake_golden_complete(const cake_workload *workload, cake_error *error)
{
    const cake_golden *golden = workload->golden;
    cake_source source = {workload->file, workload->line, workload->dataset};
    cake_tensor_list list = {0};
    bool any_expected = false;

    if (!golden)
        return CAKE_OK;
    workload->op->tensors(workload->params, &list);
    for (int i = 0; i < list.count; i++) {
        const cake_golden_tensor *tensor = cake_golden_find(golden, i);
        bool output = list.tensor[i].role == CAKE_ROLE_OUTPUT;

        if (!tensor && !output)
            return cake_fail_at(error, &source, 1, "expected 'given %s = ...' after this workload, found none",
                                list.tensor[i].name);
        if (!tensor)
            continue;
        any_expected |= output;
        source.line = tensor->line;
        if (tensor->count < tensor->room)
            return cake_fail_at(error, &source, 1, "expected %lld values for %s, found %lld", (long long)tensor->room,
                                list.tensor[i].name, (long long)tensor->count);
        source.line = workload->line;
    }
    if (!any_expected)
        return cake_fail_at(error, &source, 1, "expected 'expect ...' after the given tensors, found none");
    return CAKE_OK;
}

const cake_golden_tensor *cake_golden_find(const cake_golden *golden, int tensor)
{
    for (int i = 0; i < golden->count; i++)
        if (golden->tensor[i].tensor == tensor)
            return &golden->tensor[i];
    return NULL;
}

cake_status cake_golden_compare(const cake_workload *workload, int tensor, const double *values, cake_error *error)
{
    const cake_golden_tensor *expected = workload->golden ? cake_golden_find(workload->golden, tensor) : NULL;
    cake_tensor_list list = {0};

    if (!expected)
        return CAKE_OK;
    workload->op->tensors(workload->params, &list);
    for (int64_t i = 0; i < expected->count; i++)
        if (!(values[i] >= expected->low[i] && values[i] <= expected->high[i]))
            return cake_fail(error, CAKE_NOT_FOUND, "%s:%d: %s[%lld]: expected %.9g to %.9g, found %.9g",
                             workload->file, expected->line, list.tensor[tensor].name, (long long)i, expected->low[i],
                             expected->high[i], values[i]);
    return CAKE_OK;
}

void cake_golden_free(cake_golden *golden)
{
    if (!golden)
        return;
    for (int i = 0; i < golden->count; i++) {
        free(golden->tensor[i].low);
        free(golden->tensor[i].high);
        free(golden->tensor[i].text);
    }
    free(golden);
}
