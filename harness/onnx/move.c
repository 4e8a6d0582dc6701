#include "onnx/move.h"

#include <string.h>

static const cake_onnx_tensor *fail(cake_onnx_node *n)
{
    cake_onnx_broken(n, "expected inputs and attributes that fit, found others");
    return NULL;
}

static const cake_onnx_tensor *identity(cake_onnx_node *n)
{
    return n->input[0] ? n->input[0] : fail(n);
}

static const cake_onnx_tensor *constant(cake_onnx_node *n)
{
    const cake_onnx_tensor *value = NULL;
    cake_error error = {""};

    for (size_t i = 0; i < n->proto->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->proto->attribute[i];

        if (!a->name || strcmp(a->name, "value") != 0 || !a->t)
            continue;
        if (cake_onnx_read_tensor(n->pool, a->t, NULL, &value, &error) != CAKE_OK)
            cake_onnx_skip(n, "%s", error.text);
        return value;
    }
    cake_onnx_skip(n, "a constant that is no tensor");
    return NULL;
}

/* A view of the first input, or a failure if its elements do not fill it. */
static const cake_onnx_tensor *view(cake_onnx_node *n, int rank, const int64_t *shape)
{
    const cake_onnx_tensor *made = cake_onnx_reshape(n->pool, n->input[0], rank, shape);

    return made->count == n->input[0]->count && made->rank == rank ? made : fail(n);
}

static const cake_onnx_tensor *reshape(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0], *wanted = n->input[1];
    int64_t shape[CAKE_ONNX_RANK], known = 1;
    int open = -1;

    if (!x || !wanted || wanted->count > CAKE_ONNX_RANK)
        return fail(n);
    for (int i = 0; i < (int)wanted->count; i++) {
        shape[i] = cake_onnx_whole(wanted, i);
        if (shape[i] == 0 && !cake_onnx_int(n, "allowzero", 0))
            shape[i] = i < x->rank ? x->shape[i] : 0;
        if (shape[i] == -1) {
            open = i;
            shape[i] = 1;
        }
        if (shape[i] <= 0 || __builtin_mul_overflow(known, shape[i], &known))
            return fail(n);
    }
    if (open >= 0)
        shape[open] = x->count / known;
    return view(n, (int)wanted->count, shape);
}

static const cake_onnx_tensor *flatten(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0];
    int64_t wanted = cake_onnx_int(n, "axis", 1);
    int axis;

    if (!x)
        return fail(n);
    axis = wanted == x->rank ? x->rank : cake_onnx_axis(n, wanted, x->rank);
    return view(n, 2, (int64_t[]){cake_onnx_product(x, 0, axis), cake_onnx_product(x, axis, x->rank)});
}

/* The axes that Squeeze and Unsqueeze name, of `rank` dimensions: an attribute, from version 13 on an input. Without
 * any, none is marked. False: there are none. */
static bool marked_axes(cake_onnx_node *n, int rank, bool *marked)
{
    const cake_onnx_tensor *input = n->input[1];
    int64_t axes[CAKE_ONNX_RANK];
    int count = 0;

    memset(marked, 0, CAKE_ONNX_RANK * sizeof *marked);
    for (; input && count < input->count && count < CAKE_ONNX_RANK; count++)
        axes[count] = cake_onnx_whole(input, count);
    if (!input && cake_onnx_has(n, "axes")) {
        count = cake_onnx_length(n, "axes");
        count = count < CAKE_ONNX_RANK ? count : CAKE_ONNX_RANK;
        cake_onnx_ints(n, "axes", count, 0, axes);
    }
    for (int i = 0; i < count; i++)
        marked[cake_onnx_axis(n, axes[i], rank)] = true;
    return count > 0;
}

static const cake_onnx_tensor *squeeze(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0];
    bool marked[CAKE_ONNX_RANK], some;
    int64_t shape[CAKE_ONNX_RANK];
    int rank = 0;

    if (!x)
        return fail(n);
    some = marked_axes(n, x->rank, marked);
    for (int i = 0; i < x->rank; i++)
        if (some ? !marked[i] : x->shape[i] != 1)
            shape[rank++] = x->shape[i];
    return n->status == CAKE_OK ? view(n, rank, shape) : NULL;
}

static const cake_onnx_tensor *unsqueeze(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0];
    int count = n->input[1] ? (int)n->input[1]->count : cake_onnx_length(n, "axes"), from = 0;
    bool marked[CAKE_ONNX_RANK];
    int64_t shape[CAKE_ONNX_RANK];

    if (!x || count < 0 || x->rank + count > CAKE_ONNX_RANK)
        return fail(n);
    marked_axes(n, x->rank + count, marked);
    for (int i = 0; i < x->rank + count; i++) {
        if (!marked[i] && from == x->rank)
            return fail(n);
        shape[i] = marked[i] ? 1 : x->shape[from++];
    }
    return n->status == CAKE_OK ? view(n, x->rank + count, shape) : NULL;
}

static const cake_onnx_tensor *transpose(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0];
    int64_t wanted[CAKE_ONNX_RANK];
    int order[CAKE_ONNX_RANK], seen = 0;

    if (!x)
        return fail(n);
    for (int i = 0; i < x->rank; i++)
        wanted[i] = x->rank - 1 - i;
    if (cake_onnx_has(n, "perm"))
        cake_onnx_ints(n, "perm", x->rank, 0, wanted);
    for (int i = 0; i < x->rank; i++) {
        order[i] = cake_onnx_axis(n, wanted[i], x->rank);
        seen |= 1 << order[i];
    }
    if (n->status != CAKE_OK || seen != (1 << x->rank) - 1)
        return fail(n);
    return cake_onnx_permute(n->pool, x, order);
}

static const cake_onnx_tensor *negate(cake_onnx_node *n)
{
    return n->input[0] ? cake_onnx_scale(n->pool, n->input[0], -1, 0) : fail(n);
}

static const cake_onnx_mover moves[] = {
    {"Identity", true, identity},    {"Constant", false, constant}, {"Reshape", true, reshape},
    {"Flatten", true, flatten},      {"Squeeze", true, squeeze},    {"Unsqueeze", true, unsqueeze},
    {"Transpose", false, transpose}, {"Neg", false, negate},
};

const cake_onnx_mover *cake_onnx_mover_find(const char *op_type)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (strcmp(moves[i].op_type, op_type) == 0)
            return &moves[i];
    return NULL;
}
