#include "naive_check.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void *convert(const cake_tensor_spec *spec, const double *values)
{
    int64_t count = cake_spec_elements(spec);
    void *memory = calloc((size_t)count, sizeof(float));

    cr_assert_not_null(memory);
    for (int64_t i = 0; i < count; i++)
        if (spec->dtype == CAKE_I32)
            ((int32_t *)memory)[i] = (int32_t)values[i];
        else if (spec->dtype == CAKE_U8)
            ((uint8_t *)memory)[i] = (uint8_t)values[i];
        else
            ((float *)memory)[i] = (float)values[i];
    return memory;
}

/* The output's elements as f32, which every i32 below 2^24 is. */
static void convert_back(const cake_tensor_spec *spec, float *values)
{
    for (int64_t i = 0; spec->dtype == CAKE_I32 && i < cake_spec_elements(spec); i++) {
        int32_t value;

        memcpy(&value, &values[i], sizeof value);
        values[i] = (float)value;
    }
}

double naive_error(evaluation *e, const naive_layer *layer, bool low)
{
    const cake_tensor_list *list = &e->reference.tensors;
    void *data[CAKE_MAX_TENSORS];
    naive_tensors t = {0};
    int count[3] = {0};
    double worst = 0;

    for (int i = 0; i < list->count; i++) {
        const cake_tensor_spec *spec = &list->tensor[i];

        if (spec->role == CAKE_ROLE_OUTPUT)
            data[i] = calloc((size_t)cake_spec_elements(spec), sizeof(float));
        else if (low && spec->dtype == 0)
            data[i] = as_bf16(e, spec->name);
        else
            data[i] = convert(spec, e->values[i]);
        cr_assert_not_null(data[i]);
        if (spec->role == CAKE_ROLE_INPUT)
            t.input[count[0]++] = data[i];
        else if (spec->role == CAKE_ROLE_CONSTANT)
            t.constant[count[1]++] = data[i];
        else
            t.output[count[2]++] = data[i];
    }
    if (layer->scratch)
        t.scratch = calloc((size_t)layer->scratch(e->reference.params), sizeof(float));
    if (layer->prepare)
        layer->prepare(e->reference.params, &t);
    layer->compute(e->reference.params, &t);
    for (int o = 0; o < e->outputs; o++) {
        convert_back(&list->tensor[output_tensor(e, o)], t.output[o]);
        worst = fmax(worst, worst_error(e, o, t.output[o]));
    }
    for (int i = 0; i < list->count; i++)
        free(data[i]);
    free(t.scratch);
    return worst;
}

void check_against_naive(const char *const *lines, const naive_layer *layer, bool rounds)
{
    for (; *lines; lines++) {
        evaluation e = evaluate_line(*lines, CAKE_STANDARD, 11);
        float *zeros = calloc((size_t)e.count[0], sizeof *zeros);
        double right = naive_error(&e, layer, false), low = naive_error(&e, layer, true);

        cr_log_info("%s: naive %.3f bf16 %.1f bounds", *lines, right, low);
        cr_assert(right <= 1, "%s: naive is off by %g bounds", *lines, right);
        cr_assert(!rounds || low > 1, "%s: bf16 passes with %g bounds", *lines, low);
        cr_assert(rejects(&e, 0, zeros), "%s: zeros pass", *lines);
        check_elements(&e, 300, rounds);
        free(zeros);
        evaluation_free(&e);
    }
}
