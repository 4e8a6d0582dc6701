#include "run/probes.h"

#include <stdio.h>
#include <string.h>

#include "check/compare.h"
#include "check/layout.h"
#include "run/interrupt.h"

enum { LEAST_CHECKS = 8, MOST_CHECKS = 20000 };

static cake_place random_output(const cake_tensor_list *list, cake_random *random)
{
    int first = 0, outputs = 0, tensor;

    for (int i = list->count - 1; i >= 0; i--)
        if (list->tensor[i].role == CAKE_ROLE_OUTPUT) {
            first = i;
            outputs++;
        }
    tensor = first + (int)cake_random_below(random, (uint64_t)outputs);
    return (cake_place){tensor,
                        (int64_t)cake_random_below(random, (uint64_t)cake_spec_elements(&list->tensor[tensor]))};
}

static cake_probe_word wire_word(const cake_arena *arena, cake_place place)
{
    const cake_tensor *tensor = &arena->tensor[place.tensor];

    return (cake_probe_word){
        .offset = (uint64_t)(cake_tensor_offset(tensor, place.element) * cake_dtype_size(tensor->dtype)),
        .tensor = (uint16_t)place.tensor,
        .dtype = tensor->dtype,
    };
}

static uint32_t probe_kind(const cake_tensor_spec *spec)
{
    return spec->fill == CAKE_FILL_INDEX      ? CAKE_PROBE_INDEX
           : spec->fill == CAKE_FILL_POSITIVE ? CAKE_PROBE_POSITIVE
                                              : CAKE_PROBE_SIGNED;
}

/* Any word of any input. */
static cake_place random_input(const cake_tensor_list *list, cake_random *random)
{
    int inputs = 0;

    /* Inputs stand first in the list. */
    while (inputs < list->count && list->tensor[inputs].role == CAKE_ROLE_INPUT)
        inputs++;
    if (inputs == 0)
        return (cake_place){.tensor = -1};
    inputs = (int)cake_random_below(random, (uint64_t)inputs);
    return (cake_place){inputs,
                        (int64_t)cake_random_below(random, (uint64_t)cake_spec_elements(&list->tensor[inputs]))};
}

/* An output element and an input word on which it depends. There are elements that depend on none (a ReLU that is
 * off): try others, at last take any word. */
static void draw_pair(const cake_subject *subject, const cake_reference *reference, cake_random *random,
                      cake_place *input, cake_place *output)
{
    for (int tries = 0; tries < 16; tries++) {
        *output = random_output(&subject->list, random);
        *input = subject->workload->op->influence(reference, *output, random);
        if (input->tensor >= 0)
            return;
    }
    *input = random_input(&subject->list, random);
}

void cake_probes_draw(cake_probe_table *table, const cake_subject *subject, int32_t accuracy, const cake_arena *arena,
                      cake_random *random)
{
    const cake_tensor_list *list = &subject->list;
    const cake_reference *reference = &subject->trials[CAKE_TRIALS - 1].reference[accuracy];

    table->count = random_input(list, random).tensor >= 0 ? CAKE_PROBES : 0;
    memset(table->wire, 0, sizeof table->wire);
    for (uint32_t p = 0; p < table->count; p++) {
        cake_probe *wire = &table->wire[p];

        draw_pair(subject, reference, random, &table->input[p], &table->output[p][0]);
        for (int o = 0; o < CAKE_PROBE_OUTPUTS; o++) {
            if (o > 0)
                table->output[p][o] = random_output(list, random);
            wire->output[o] = wire_word(arena, table->output[p][o]);
        }
        wire->input = wire_word(arena, table->input[p]);
        wire->kind = probe_kind(&list->tensor[table->input[p].tensor]);
        wire->limit = list->tensor[table->input[p].tensor].limit;
    }
}

/* One logged call. */
static bool check_entry(const cake_probe_table *table, cake_subject *subject, int32_t accuracy, uint64_t draw,
                        const uint64_t *logged, const cake_arena *arena, double *worst, cake_finding *finding)
{
    uint32_t p = cake_probe_choose(draw, table->count);
    uint64_t bits = cake_probe_value(&table->wire[p], draw);
    cake_place input = table->input[p];
    cake_trial *trial = &subject->trials[CAKE_TRIALS - 1];
    double *word = &trial->values[input.tensor][input.element], original = *word;
    char place[128];
    bool good = true;

    *word = cake_element_load(table->wire[p].input.dtype, &bits);
    for (int o = 0; good && o < CAKE_PROBE_OUTPUTS; o++) {
        cake_place output = table->output[p][o];
        const cake_tensor *tensor = &arena->tensor[output.tensor];
        const char *name = subject->list.tensor[output.tensor].name;
        cake_expected expected;
        double error;

        if (cake_element_is_poison(tensor->dtype, &logged[o])) {
            good = cake_find(finding, CAKE_V_STALE_OUTPUT, "%s%s was not written by a timed call", name,
                             cake_place_text(tensor, output.element, place, sizeof place));
            break;
        }
        expected = subject->workload->op->element(&trial->reference[accuracy], &input, output);
        error = cake_error_in_bounds(expected, cake_element_load(tensor->dtype, &logged[o]));
        if (error > *worst)
            *worst = error;
        if (error > 1)
            good =
                cake_find(finding, CAKE_V_MISMATCH,
                          "%s%s: expected %.9g within %.2g, found %.9g in a timed call after an input word changed",
                          name, cake_place_text(tensor, output.element, place, sizeof place), expected.value,
                          expected.bound, cake_element_load(tensor->dtype, &logged[o]));
    }
    *word = original;
    return good;
}

bool cake_probes_check(const cake_probe_table *table, cake_subject *subject, int32_t accuracy, uint64_t seed,
                       uint64_t checked, const cake_shared *shared, const cake_arena *arena, int64_t budget_ns,
                       cake_random *random, double *worst, cake_finding *finding)
{
    uint64_t kept = checked < CAKE_LOG_ENTRIES ? checked : CAKE_LOG_ENTRIES;
    int64_t until = cake_clock_ns() + budget_ns;

    if (table->count == 0 || checked == 0)
        return true;
    for (int n = 0; n < MOST_CHECKS && (n < LEAST_CHECKS || cake_clock_ns() < until); n++) {
        /* The newest first, then any; all of them in order if they are few. */
        uint64_t call = (uint64_t)n >= kept ? checked
                        : kept <= 64        ? checked - 1 - (uint64_t)n
                        : n == 0            ? checked - 1
                                            : checked - 1 - cake_random_below(random, kept);
        uint64_t state, draw, logged[CAKE_PROBE_OUTPUTS];

        if (call == checked)
            break;
        state = seed + call * UINT64_C(0x9e3779b97f4a7c15);
        draw = cake_probe_draw(&state);
        memcpy(logged, shared->log[call % CAKE_LOG_ENTRIES], sizeof logged);
        if (!check_entry(table, subject, accuracy, draw, logged, arena, worst, finding))
            return false;
    }
    return true;
}
