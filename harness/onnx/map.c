#include "onnx/node.h"

#include <string.h>

#include "plan/golden.h"

static const cake_onnx_mapping *const tables[] = {cake_onnx_windows,   cake_onnx_norms,       cake_onnx_products,
                                                  cake_onnx_recurrent, cake_onnx_elementwise, cake_onnx_sequences};

static const cake_onnx_mapping *find(const char *op_type)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const cake_onnx_mapping *m = tables[i]; m->op_type; m++)
            if (strcmp(m->op_type, op_type) == 0)
                return m;
    return NULL;
}

bool cake_onnx_is_layer(const Onnx__NodeProto *proto)
{
    return find(proto->op_type) != NULL;
}

static void check_inputs(cake_onnx_node *n, const cake_onnx_mapping *mapping)
{
    if (n->opset < mapping->since)
        cake_onnx_skip(n, "%s before operator set version %lld", mapping->op_type, (long long)mapping->since);
    if (n->proto->n_input > (size_t)mapping->most)
        cake_onnx_skip(n, "%s with %zu inputs", mapping->op_type, n->proto->n_input);
    for (int i = 0; i < mapping->most; i++) {
        const cake_onnx_tensor *t = n->input[i];

        if (!t && i < mapping->needs)
            cake_onnx_broken(n, "expected input %d of %s, found none", i, mapping->op_type);
        if (t && t->count == 0 && i < mapping->needs)
            cake_onnx_skip(n, "an input without elements");
        else if (t && t->count == 0) /* as a decoder's past at its first step */
            n->input[i] = NULL;
    }
}

cake_status cake_onnx_map(cake_onnx_node *n)
{
    const cake_onnx_mapping *mapping = find(n->proto->op_type);
    cake_error error = {""};

    check_inputs(n, mapping);
    if (n->status == CAKE_OK)
        mapping->map(n);
    if (n->pool->failed)
        cake_onnx_skip(n, "out of memory");
    if (n->status == CAKE_OK && n->count == 0)
        cake_onnx_skip(n, "no output that the op has is published");
    for (size_t i = 0; i < n->count && n->status == CAKE_OK; i++)
        if (cake_golden_complete(&n->workloads[i], &error) != CAKE_OK)
            cake_onnx_broken(n, "%s", error.text);
    return n->status;
}
