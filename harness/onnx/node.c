#include "onnx/node.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "onnx/onnx.h"
#include "plan/golden.h"

#define KIND(name) ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

static void note(cake_onnx_node *n, cake_status status, const char *format, va_list arguments)
{
    char text[sizeof n->error.text];

    if (n->status != CAKE_OK)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    /* What does not fit together is what memory ended in. */
    if (n->pool->failed)
        n->status =
            cake_fail(&n->error, CAKE_NOT_SUPPORTED, "needs more than %zu MB of memory", n->pool->limit >> 20);
    else
        n->status = cake_fail(&n->error, status, "%s", text);
}

void cake_onnx_skip(cake_onnx_node *n, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(n, CAKE_NOT_SUPPORTED, format, arguments);
    va_end(arguments);
}

void cake_onnx_broken(cake_onnx_node *n, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    note(n, CAKE_E_USAGE, format, arguments);
    va_end(arguments);
}

static const Onnx__AttributeProto *find(const cake_onnx_node *n, const char *name)
{
    for (size_t i = 0; i < n->proto->n_attribute; i++)
        if (n->proto->attribute[i]->name && strcmp(n->proto->attribute[i]->name, name) == 0)
            return n->proto->attribute[i];
    return NULL;
}

/* The attribute, if it is there and of that kind. Before IR version 2 it did not tell its kind. */
static const Onnx__AttributeProto *get(cake_onnx_node *n, const char *name, Onnx__AttributeProto__AttributeType kind)
{
    const Onnx__AttributeProto *a = find(n, name);

    if (a && a->has_type && a->type != kind) {
        cake_onnx_broken(n, "attribute %s: expected type %d, found %d", name, (int)kind, (int)a->type);
        return NULL;
    }
    return a;
}

bool cake_onnx_has(const cake_onnx_node *n, const char *name)
{
    return find(n, name) != NULL;
}

int64_t cake_onnx_int(cake_onnx_node *n, const char *name, int64_t otherwise)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(INT));

    return a ? a->i : otherwise;
}

double cake_onnx_float(cake_onnx_node *n, const char *name, double otherwise)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(FLOAT));

    return a ? (double)a->f : otherwise;
}

static const char *copy_text(cake_onnx_node *n, ProtobufCBinaryData bytes)
{
    char *text = cake_onnx_alloc(n->pool, bytes.len + 1, 1);

    if (!text)
        return "";
    memcpy(text, bytes.data ? (const char *)bytes.data : "", bytes.len);
    return text;
}

const char *cake_onnx_text(cake_onnx_node *n, const char *name, const char *otherwise)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(STRING));

    return a ? copy_text(n, a->s) : otherwise;
}

double cake_onnx_float_of(cake_onnx_node *n, const char *name, int index, double otherwise)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(FLOATS));

    return a && (size_t)index < a->n_floats ? (double)a->floats[index] : otherwise;
}

const char *cake_onnx_text_of(cake_onnx_node *n, const char *name, int index)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(STRINGS));

    return a && (size_t)index < a->n_strings ? copy_text(n, a->strings[index]) : "";
}

void cake_onnx_ints(cake_onnx_node *n, const char *name, int count, int64_t otherwise, int64_t *values)
{
    const Onnx__AttributeProto *a = get(n, name, KIND(INTS));
    bool fits = a && a->n_ints == (size_t)count;

    if (a && !fits)
        cake_onnx_broken(n, "attribute %s: expected %d numbers, found %zu", name, count, a->n_ints);
    for (int i = 0; i < count; i++)
        values[i] = fits ? a->ints[i] : otherwise;
}

int cake_onnx_length(const cake_onnx_node *n, const char *name)
{
    const Onnx__AttributeProto *a = find(n, name);

    size_t count = a ? a->n_ints + a->n_strings : 0;

    return count < INT_MAX ? (int)count : 0;
}

int64_t cake_onnx_whole(const cake_onnx_tensor *t, int64_t element)
{
    double value = t && element < t->count ? t->values[element] : 0;

    return isnan(value) ? 0 : (int64_t)fmax(fmin(value, 0x1p53), -0x1p53);
}

int cake_onnx_axis(cake_onnx_node *n, int64_t axis, int rank)
{
    if (axis >= -rank && axis < rank)
        return (int)(axis < 0 ? axis + rank : axis);
    cake_onnx_broken(n, "expected an axis of %d dimensions, found %lld", rank, (long long)axis);
    return 0;
}

void cake_onnx_case(cake_onnx_node *n, const char *format, ...)
{
    cake_source source = {n->file, 1, CAKE_ONNX_DATASET};
    cake_workload *more;
    cake_error error = {""};
    char line[CAKE_LINE_MAX];
    va_list arguments;
    int length;

    if (n->status != CAKE_OK)
        return;
    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    more = realloc(n->workloads, (n->count + 1) * sizeof *more);
    if (!more || n->count == CAKE_ONNX_CASES_MAX) {
        n->workloads = more ? more : n->workloads;
        cake_onnx_skip(n, "needs more than %d workloads", CAKE_ONNX_CASES_MAX);
        return;
    }
    n->workloads = more;
    if (length < 0 || (size_t)length >= sizeof line ||
        cake_workload_parse(line, (size_t)length, &source, &more[n->count], &error) != CAKE_OK) {
        cake_onnx_skip(n, "no workload can be it: %s", error.text);
        return;
    }
    snprintf(more[n->count].name, sizeof more[n->count].name, "%s", n->name);
    n->count++;
}

void cake_onnx_put(cake_onnx_node *n, const char *name, const cake_onnx_tensor *values)
{
    cake_error error = {""};
    cake_status st;

    if (n->status != CAKE_OK || !values)
        return;
    if (!cake_onnx_reserve(n->pool, (size_t)values->count, 2 * sizeof *values->values) || n->pool->failed) {
        cake_onnx_skip(n, "out of memory");
        return;
    }
    st = cake_golden_put(&n->workloads[n->count - 1], name, values->values, values->count, &error);
    if (st == CAKE_E_MEMORY)
        cake_onnx_skip(n, "%s", error.text);
    else if (st != CAKE_OK)
        cake_onnx_broken(n, "shapes do not fit together: %s", error.text);
}

void cake_onnx_node_free(cake_onnx_node *n)
{
    for (size_t i = 0; i < n->count; i++)
        cake_workload_free(&n->workloads[i]);
    free(n->workloads);
    n->workloads = NULL;
    n->count = 0;
}
