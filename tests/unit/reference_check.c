#include "reference_check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fill(const cake_tensor_spec *spec, double *values, cake_random *random)
{
    const int64_t count = cake_spec_elements(spec);
    const double scale = spec->scale > 0 ? spec->scale : 1;

    for (int64_t i = 0; i < count; i++)
        if (spec->fill == CAKE_FILL_POSITIVE)
            values[i] = (float)cake_random_real(random, scale / 2, 1.5 * scale);
        else if (spec->fill == CAKE_FILL_INDEX)
            values[i] = (double)cake_random_below(random, (uint64_t)spec->limit);
        else if (spec->fill == CAKE_FILL_MASK)
            values[i] = i % spec->shape[spec->rank - 1] != 0 && cake_random_below(random, 4) == 0
                            ? -INFINITY
                            : (float)cake_random_real(random, -2, 2);
        else
            values[i] = (float)cake_random_real(random, -scale, scale);
}

static const cake_source source = {.file = "test", .line = 1, .dataset = ""};

cake_workload parse(const char *text)
{
    cake_workload workload;
    cake_error error = {""};

    cr_assert_eq(cake_workload_parse(text, strlen(text), &source, &workload, &error), CAKE_OK, "%s", error.text);
    return workload;
}

evaluation evaluate(const char *name, void *params, int32_t accuracy, uint64_t seed)
{
    const cake_op *op = cake_op_find(name);
    cake_tensor_list list = {0};
    cake_random random = {seed};
    cake_error error = {""};
    evaluation e = {0};

    cr_assert_not_null(op, "no op %s", name);
    cr_assert_eq(op->validate(params, &error), CAKE_OK, "%s", error.text);
    op->tensors(params, &list);
    for (int i = 0; i < list.count; i++) {
        const int64_t count = cake_spec_elements(&list.tensor[i]);

        if (list.tensor[i].role == CAKE_ROLE_OUTPUT) {
            e.expected[e.outputs] = calloc((size_t)count, sizeof *e.expected[0]);
            cr_assert_not_null(e.expected[e.outputs]);
            e.count[e.outputs++] = count;
        } else {
            e.values[i] = calloc((size_t)count, sizeof *e.values[0]);
            cr_assert_not_null(e.values[i]);
            fill(&list.tensor[i], e.values[i], &random);
        }
    }
    cr_assert_eq(cake_reference_begin(&e.reference, op, params, CAKE_F32, accuracy, e.values, &error), CAKE_OK, "%s",
                 error.text);
    evaluate_again(&e);
    return e;
}

evaluation evaluate_line(const char *text, int32_t accuracy, uint64_t seed)
{
    cake_workload workload = parse(text);
    evaluation e = evaluate(workload.op->name, workload.params, accuracy, seed);

    e.workload = workload;
    return e;
}

void evaluate_again(evaluation *e)
{
    const cake_op *op = e->reference.op;
    const void *params = e->reference.params;
    const int32_t accuracy = e->reference.accuracy;
    cake_error error = {""};

    /* Anew from the start, so that nothing that `prepare` made of older values is left. */
    cake_reference_end(&e->reference);
    cr_assert_eq(cake_reference_begin(&e->reference, op, params, CAKE_F32, accuracy, e->values, &error), CAKE_OK);
    cr_assert_eq(cake_reference_compute(&e->reference, 2, e->expected, &error), CAKE_OK, "%s", error.text);
}

void evaluation_free(evaluation *e)
{
    cake_reference_end(&e->reference);
    cake_workload_free(&e->workload);
    for (int i = 0; i < CAKE_MAX_TENSORS; i++) {
        free(e->values[i]);
        free(e->expected[i]);
    }
}

int output_tensor(const evaluation *e, int output)
{
    return e->reference.tensors.count - e->outputs + output;
}

double *tensor_values(evaluation *e, const char *name)
{
    for (int i = 0; i < e->reference.tensors.count; i++)
        if (strcmp(e->reference.tensors.tensor[i].name, name) == 0)
            return e->values[i];
    cr_assert_fail("no tensor %s", name);
    return NULL;
}

static bool close_to(double a, double b)
{
    return a == b || fabs(a - b) <= 1e-12 * (fabs(a) + fabs(b)) + 1e-13;
}

static void check_element(evaluation *e, int output, int64_t element, cake_random *random, bool sways)
{
    const cake_op *op = e->reference.op;
    const cake_place place = {.tensor = output_tensor(e, output), .element = element};
    cake_expected whole = e->expected[output][element], one, fresh;
    cake_reference anew;
    cake_error error;
    cake_place word;
    double *value, old;

    one = op->element(&e->reference, NULL, place);
    cr_assert(close_to(one.value, whole.value), "%s output %d[%ld]: element %.17g, whole %.17g", op->name, output,
              (long)element, one.value, whole.value);
    cr_assert(close_to(one.bound, whole.bound), "%s output %d[%ld]: bound of element %g, whole %g", op->name, output,
              (long)element, one.bound, whole.bound);

    word = op->influence(&e->reference, place, random);
    if (word.tensor < 0)
        return;
    cr_assert_eq(e->reference.tensors.tensor[word.tensor].role, CAKE_ROLE_INPUT);
    cr_assert(word.element >= 0 && word.element < cake_spec_elements(&e->reference.tensors.tensor[word.tensor]));
    value = &e->values[word.tensor][word.element];
    old = *value;
    if (e->reference.tensors.tensor[word.tensor].fill == CAKE_FILL_INDEX)
        *value = fmod(old + 1, (double)e->reference.tensors.tensor[word.tensor].limit);
    else
        *value = old + 64;
    one = op->element(&e->reference, &word, place);
    cr_assert_eq(
        cake_reference_begin(&anew, op, e->reference.params, CAKE_F32, e->reference.accuracy, e->values, &error),
        CAKE_OK);
    fresh = op->element(&anew, NULL, place);
    cake_reference_end(&anew);
    *value = old;
    cr_assert(close_to(one.value, fresh.value), "%s output %d[%ld] after tensor %d[%ld] changed: %.17g, fresh %.17g",
              op->name, output, (long)element, word.tensor, (long)word.element, one.value, fresh.value);
    cr_assert(one.bound >= 0.9 * fresh.bound && one.bound <= 2 * fresh.bound,
              "%s output %d[%ld]: bound after a change %g, fresh %g", op->name, output, (long)element, one.bound,
              fresh.bound);
    if (sways)
        cr_assert(fabs(one.value - whole.value) > whole.bound, "%s output %d[%ld] does not depend on tensor %d[%ld]",
                  op->name, output, (long)element, word.tensor, (long)word.element);
}

void check_elements(evaluation *e, int samples, bool sways)
{
    cake_random random = {99};

    for (int output = 0; output < e->outputs; output++) {
        const int64_t count = e->count[output];

        for (int64_t i = 0; i < count && i < samples; i++)
            check_element(e, output, count <= samples ? i : (int64_t)cake_random_below(&random, (uint64_t)count),
                          &random, sways);
    }
}

double worst_error(const evaluation *e, int output, const float *found)
{
    double worst = 0;

    for (int64_t i = 0; i < e->count[output]; i++) {
        const cake_expected x = e->expected[output][i];
        const double off = fabs((double)found[i] - x.value);

        if (off > 0)
            worst = fmax(worst, x.bound > 0 ? off / x.bound : INFINITY);
    }
    return worst;
}

bool rejects(const evaluation *e, int output, const float *found)
{
    return worst_error(e, output, found) > 1;
}

static int64_t tensor_count(const evaluation *e, const char *name)
{
    for (int i = 0; i < e->reference.tensors.count; i++)
        if (strcmp(e->reference.tensors.tensor[i].name, name) == 0)
            return cake_spec_elements(&e->reference.tensors.tensor[i]);
    return 0;
}

float *as_f32(evaluation *e, const char *name)
{
    const double *from = tensor_values(e, name);
    const int64_t count = tensor_count(e, name);
    float *to = calloc((size_t)count, sizeof *to);

    cr_assert_not_null(to);
    for (int64_t i = 0; i < count; i++)
        to[i] = (float)from[i];
    return to;
}

float *as_bf16(evaluation *e, const char *name)
{
    float *values = as_f32(e, name);

    for (int64_t i = 0; i < tensor_count(e, name); i++) {
        uint32_t bits;

        memcpy(&bits, &values[i], sizeof bits);
        bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u; /* to nearest, ties to even */
        memcpy(&values[i], &bits, sizeof bits);
    }
    return values;
}

void set_values(evaluation *e, const char *name, const double *values, int count)
{
    double *to = tensor_values(e, name);

    cr_assert(count <= tensor_count(e, name));
    for (int i = 0; i < count; i++)
        to[i] = values[i];
}

void check_invalid_line(const char *text, const char *message)
{
    cake_workload workload;
    cake_error error = {""};

    cr_assert_eq(cake_workload_parse(text, strlen(text), &source, &workload, &error), CAKE_E_USAGE, "accepted: %s",
                 text);
    cr_assert(strstr(error.text, message), "expected '%s' in '%s'", message, error.text);
}

void check_invalid(const char *name, void *params, const char *text)
{
    cake_error error = {""};

    cr_assert_eq(cake_op_find(name)->validate(params, &error), CAKE_E_USAGE, "%s: accepted", name);
    cr_assert(strstr(error.text, text), "expected '%s' in '%s'", text, error.text);
}
