#include <math.h>
#include <stdlib.h>

#include "check/compare.h"
#include "check/layout.h"
#include "onnx/graph.h"
#include "plan/golden.h"

/* Whoever made the vectors computed in their element type: how many times the bound of an f32 kernel that allows. With
 * doubles it is the kernels that get rounded inputs, each off by u of itself: what a product's own rounding, of which
 * the bounds allow several, is off by too. */
static double coarseness(int32_t type)
{
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16    ? 0x1p13
           : type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16 ? 0x1p16
           : type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE   ? 2
                                                             : 1;
}

static const double flops_max = 2e11;
static const uint64_t memory_max = UINT64_C(4) << 30;

/* One output: is it what is expected, and what may a kernel make of it? */
static cake_status hold_output(cake_golden_tensor *published, const cake_tensor_spec *spec,
                               const cake_expected *computed, double coarse, cake_error *error)
{
    for (int64_t i = 0; i < published->count; i++) {
        double value = published->low[i];
        cake_expected ours = {computed[i].value, coarse * computed[i].bound};

        /* The published number is rounded itself. */
        ours.bound += coarse * 0x1p-24 * fabs(value);
        if (!(cake_error_in_bounds(ours, value) <= 1))
            return cake_fail(error, CAKE_NOT_FOUND,
                             "%s[%lld]: published %.9g, the reference gives %.9g with a bound of %.3g", spec->name,
                             (long long)i, value, ours.value, ours.bound);
        if (isfinite(value)) {
            published->low[i] = value - 2 * ours.bound;
            published->high[i] = value + 2 * ours.bound;
        }
    }
    return CAKE_OK;
}

/* The given values as a kernel will see them. */
static cake_status given_values(const cake_workload *workload, const cake_tensor_list *list, double **values,
                                cake_error *error)
{
    for (int i = 0; i < list->count; i++) {
        const cake_golden_tensor *given = cake_golden_find(workload->golden, i);
        const cake_tensor_spec *spec = &list->tensor[i];

        if (spec->role == CAKE_ROLE_OUTPUT)
            continue;
        values[i] = malloc((size_t)given->count * sizeof **values);
        if (!values[i])
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        for (int64_t e = 0; e < given->count; e++)
            values[i][e] = cake_dtype_round(spec->dtype ? spec->dtype : CAKE_F32, given->low[e]);
    }
    return CAKE_OK;
}

cake_status cake_onnx_hold(cake_workload *workload, int32_t type, int threads, cake_error *error)
{
    cake_expected *computed[CAKE_MAX_TENSORS] = {NULL};
    double *values[CAKE_MAX_TENSORS] = {NULL};
    cake_tensor_list list = {0};
    cake_reference reference;
    int outputs = 0;
    cake_status st;

    if (cake_workload_fits(workload, CAKE_F32, memory_max, error) != CAKE_OK)
        return CAKE_NOT_SUPPORTED;
    if (workload->op->flops(workload->params) > flops_max)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "takes the reference more than %.0f GFLOP", flops_max / 1e9);
    workload->op->tensors(workload->params, &list);
    st = given_values(workload, &list, values, error);
    for (int i = 0; st == CAKE_OK && i < list.count; i++)
        if (list.tensor[i].role == CAKE_ROLE_OUTPUT &&
            !(computed[outputs++] = malloc((size_t)cake_spec_elements(&list.tensor[i]) * sizeof **computed)))
            st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    if (st == CAKE_OK)
        st = cake_reference_begin(&reference, workload->op, workload->params, CAKE_F32, CAKE_STANDARD, values, error);
    if (st == CAKE_OK) {
        st = cake_reference_compute(&reference, threads, computed, error);
        cake_reference_end(&reference);
    }
    for (int i = 0, output = 0; st == CAKE_OK && i < list.count; i++) {
        const cake_golden_tensor *published = cake_golden_find(workload->golden, i);

        if (list.tensor[i].role != CAKE_ROLE_OUTPUT)
            continue;
        if (published)
            st = hold_output(&workload->golden->tensor[published - workload->golden->tensor], &list.tensor[i],
                             computed[output], coarseness(type), error);
        output++;
    }
    for (int i = 0; i < CAKE_MAX_TENSORS; i++) {
        free(values[i]);
        free(computed[i]);
    }
    return st;
}
