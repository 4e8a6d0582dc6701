#include "check/fill.h"

#include <math.h>
#include <stdlib.h>

#include "check/layout.h"

static double draw(const cake_tensor_spec *spec, cake_fill_set set, int64_t element, cake_random *random)
{
    double scale = spec->scale != 0 ? spec->scale : 1;

    switch (spec->fill) {
    case CAKE_FILL_INDEX:
        return (double)cake_random_below(random, (uint64_t)(spec->limit > 0 ? spec->limit : 1));
    case CAKE_FILL_MASK:
        if (element % spec->shape[spec->rank - 1] != 0 && cake_random_below(random, 4) == 0)
            return -(double)INFINITY;
        return cake_random_real(random, -2, 2);
    case CAKE_FILL_POSITIVE:
        return cake_random_real(random, scale / 2, scale * 3 / 2);
    case CAKE_FILL_SIGNED:
        break;
    }
    if (set == CAKE_FILL_INTEGERS)
        return (double)cake_random_below(random, 7) - 3;
    if (set == CAKE_FILL_WIDE && spec->role == CAKE_ROLE_INPUT)
        scale *= 8;
    return cake_random_real(random, -scale, scale);
}

void cake_fill(const cake_tensor_spec *spec, int32_t dtype, cake_fill_set set, uint64_t seed, double *values)
{
    int64_t elements = cake_spec_elements(spec);
    int32_t to = spec->dtype ? spec->dtype : dtype;
    cake_random random = {seed};

    for (int64_t i = 0; i < elements; i++)
        values[i] = cake_dtype_round(to, draw(spec, set, i, &random));
}

cake_status cake_values_make(const cake_tensor_list *list, int32_t dtype, cake_fill_set set, uint64_t seed,
                             double **values, cake_error *error)
{
    cake_random seeds = {seed};

    for (int i = 0; i < CAKE_MAX_TENSORS; i++)
        values[i] = NULL;
    for (int i = 0; i < list->count; i++) {
        const cake_tensor_spec *spec = &list->tensor[i];
        int64_t elements = cake_spec_elements(spec);
        uint64_t own = cake_random_next(&seeds);

        if (spec->role == CAKE_ROLE_OUTPUT)
            continue;
        values[i] = malloc((size_t)elements * sizeof **values);
        if (!values[i]) {
            cake_values_free(values);
            return cake_fail(error, CAKE_E_MEMORY, "no memory for %lld values of tensor '%s'", (long long)elements,
                             spec->name);
        }
        cake_fill(spec, dtype, set, own, values[i]);
    }
    return CAKE_OK;
}

void cake_values_free(double **values)
{
    for (int i = 0; i < CAKE_MAX_TENSORS; i++) {
        free(values[i]);
        values[i] = NULL;
    }
}
