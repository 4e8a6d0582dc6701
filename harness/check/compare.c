#include "check/compare.h"

#include <math.h>
#include <stdio.h>

#include "check/layout.h"

double cake_error_in_bounds(cake_expected expected, double found)
{
    double error;

    if (isnan(expected.value))
        return isnan(found) ? 0 : (double)INFINITY;
    if (isinf(expected.value) || !isfinite(found))
        return expected.value == found ? 0 : (double)INFINITY;
    error = fabs(found - expected.value);
    if (error == 0)
        return 0;
    return expected.bound > 0 ? error / expected.bound : (double)INFINITY;
}

const char *cake_place_text(const cake_tensor *tensor, int64_t element, char *text, size_t size)
{
    int64_t at[CAKE_MAX_RANK];
    size_t used = 0;

    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        at[d] = element % tensor->shape[d];
        element /= tensor->shape[d];
    }
    for (int32_t d = 0; d < tensor->rank && used < size; d++)
        used += (size_t)snprintf(text + used, size - used, "%c%lld", d ? ',' : '[', (long long)at[d]);
    if (used < size)
        snprintf(text + used, size - used, "]");
    return text;
}

void cake_compare(const char *name, const cake_tensor *tensor, const cake_expected *expected, bool exact,
                  cake_comparison *result)
{
    int64_t elements = cake_tensor_elements(tensor), width = cake_dtype_size(tensor->dtype);
    int64_t row = tensor->shape[tensor->rank - 1], step = tensor->stride[tensor->rank - 1], first_stale = -1;
    const char *data = tensor->data;
    char place[128];

    *result = (cake_comparison){.verdict = CAKE_V_OK};
    for (int64_t begin = 0; begin < elements; begin += row) {
        const char *at = data + cake_tensor_offset(tensor, begin) * width;

        for (int64_t i = 0; i < row; i++, at += step * width) {
            cake_expected want = expected[begin + i];
            double error;

            if (cake_element_is_poison(tensor->dtype, at)) {
                first_stale = result->stale++ ? first_stale : begin + i;
                continue;
            }
            if (exact)
                want.bound = 0;
            error = cake_error_in_bounds(want, cake_element_load(tensor->dtype, at));
            result->wrong += error > 1;
            if (error > result->error_in_bounds) {
                result->error_in_bounds = error;
                result->worst = begin + i;
            }
        }
    }
    if (result->stale) {
        result->verdict = CAKE_V_STALE_OUTPUT;
        result->worst = first_stale;
        snprintf(result->text, sizeof result->text, "%s%s was not written (%lld of %lld elements)", name,
                 cake_place_text(tensor, first_stale, place, sizeof place), (long long)result->stale,
                 (long long)elements);
    } else if (result->wrong) {
        int64_t at = cake_tensor_offset(tensor, result->worst) * width;

        result->verdict = CAKE_V_MISMATCH;
        snprintf(result->text, sizeof result->text,
                 "%s%s: expected %.9g within %.2g, found %.9g (%lld of %lld elements wrong)", name,
                 cake_place_text(tensor, result->worst, place, sizeof place), expected[result->worst].value,
                 exact ? 0 : expected[result->worst].bound, cake_element_load(tensor->dtype, data + at),
                 (long long)result->wrong, (long long)elements);
    }
}
