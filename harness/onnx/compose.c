/* Softmax and its logarithm as the function bodies of ONNX have them, gelu as PyTorch exports it before operator set
 * version 20. */
#include "onnx/compose.h"

#include <math.h>
#include <string.h>

/* Operands: what a step before gives has its number, from 1 on. */
enum { NONE = -3, AXIS = -2, NUMBER = -1, X = 0, STEPS = 6 };

typedef struct step {
    const char *op_type;
    int a, b;      /* AXIS: an attribute `axes`, or the constant operand that later versions have instead */
    double number; /* the constant operand NUMBER */
} step;

typedef struct layer {
    const char *op_type;
    size_t count;
    step steps[STEPS];
} layer;

static const layer layers[] = {
    {"Softmax",
     5,
     {{"ReduceMax", X, AXIS, 0}, {"Sub", X, 1, 0}, {"Exp", 2, NONE, 0}, {"ReduceSum", 3, AXIS, 0}, {"Div", 3, 4, 0}}},
    {"LogSoftmax",
     6,
     {{"ReduceMax", X, AXIS, 0},
      {"Sub", X, 1, 0},
      {"Exp", 2, NONE, 0},
      {"ReduceSum", 3, AXIS, 0},
      {"Log", 4, NONE, 0},
      {"Sub", 2, 5, 0}}},
    {"Gelu",
     5,
     {{"Div", X, NUMBER, 1.4142135623730951},
      {"Erf", 1, NONE, 0},
      {"Add", 2, NUMBER, 1},
      {"Mul", X, 3, 0},
      {"Mul", 4, NUMBER, 0.5}}},
};

/* A graph's nodes but for its constants, tried against a layer. */
typedef struct attempt {
    cake_onnx_pool *pool;
    const Onnx__GraphProto *graph;
    const Onnx__NodeProto *nodes[STEPS];
    size_t count;
    bool has_axis;
    int64_t axis; /* of all steps that have one */
} attempt;

static const Onnx__AttributeProto *attribute(const Onnx__NodeProto *node, const char *name)
{
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->name && strcmp(node->attribute[i]->name, name) == 0)
            return node->attribute[i];
    return NULL;
}

static bool is_constant(const Onnx__NodeProto *node)
{
    return strcmp(node->op_type, "Constant") == 0;
}

/* Fill `nodes`; false if there are more than a layer has, or strange ones. */
static bool gather(attempt *t)
{
    for (size_t i = 0; i < t->graph->n_node; i++) {
        const Onnx__NodeProto *node = t->graph->node[i];

        if (!node->op_type || (node->domain && *node->domain) || node->n_output != 1)
            return false;
        if (is_constant(node))
            continue;
        if (t->count == STEPS || node->n_input < 1 || node->n_input > 2)
            return false;
        t->nodes[t->count++] = node;
    }
    return t->count > 0;
}

/* The one number of a constant or an initializer of that name. */
static bool number_of(const attempt *t, const char *name, double *number)
{
    const Onnx__TensorProto *proto = NULL;
    const cake_onnx_tensor *value;
    cake_error error = {""};

    for (size_t i = 0; i < t->graph->n_node; i++) {
        const Onnx__NodeProto *node = t->graph->node[i];

        if (is_constant(node) && strcmp(node->output[0], name) == 0 && attribute(node, "value"))
            proto = attribute(node, "value")->t;
    }
    for (size_t i = 0; i < t->graph->n_initializer && !proto; i++)
        if (t->graph->initializer[i]->name && strcmp(t->graph->initializer[i]->name, name) == 0)
            proto = t->graph->initializer[i];
    if (!proto || cake_onnx_read_tensor(t->pool, proto, NULL, &value, &error) != CAKE_OK || value->count != 1)
        return false;
    *number = value->values[0];
    return true;
}

/* The axis over which a node reduces, which must be that of the others. */
static bool is_axis(attempt *t, const Onnx__NodeProto *node)
{
    const Onnx__AttributeProto *axes = attribute(node, "axes"), *keep = attribute(node, "keepdims");
    double axis = 0;

    if (node->n_input == 2 ? !number_of(t, node->input[1], &axis) : !axes || axes->n_ints != 1)
        return false;
    if (node->n_input == 1)
        axis = (double)axes->ints[0];
    if ((keep && keep->i != 1) || (t->has_axis && (double)t->axis != axis) || !(fabs(axis) < 64))
        return false;
    t->axis = (int64_t)axis;
    t->has_axis = true;
    return true;
}

/* Is it the operand that a step has? */
static bool is_operand(const attempt *t, const char *name, int operand, double number)
{
    double value;

    if (operand == NUMBER)
        return number_of(t, name, &value) && fabs(value - number) < 1e-6;
    return strcmp(name, operand == X ? t->nodes[0]->input[0] : t->nodes[operand - 1]->output[0]) == 0;
}

static bool is_step(attempt *t, const Onnx__NodeProto *node, const step *s)
{
    bool swaps = strcmp(s->op_type, "Add") == 0 || strcmp(s->op_type, "Mul") == 0;

    if (strcmp(node->op_type, s->op_type) != 0)
        return false;
    if (s->b == AXIS)
        return is_operand(t, node->input[0], s->a, 0) && is_axis(t, node);
    if (s->b == NONE)
        return node->n_input == 1 && is_operand(t, node->input[0], s->a, 0);
    if (node->n_input != 2)
        return false;
    return (is_operand(t, node->input[0], s->a, 0) && is_operand(t, node->input[1], s->b, s->number)) ||
           (swaps && is_operand(t, node->input[1], s->a, 0) && is_operand(t, node->input[0], s->b, s->number));
}

static bool is_layer(attempt *t, const layer *l)
{
    t->has_axis = false;
    if (t->count != l->count)
        return false;
    for (size_t i = 0; i < t->count; i++)
        if (!t->nodes[i] || !is_step(t, t->nodes[i], &l->steps[i]))
            return false;
    return true;
}

/* One node instead of all. */
static bool replace(const attempt *t, const layer *l, Onnx__GraphProto *graph)
{
    Onnx__NodeProto *node = cake_onnx_alloc(t->pool, 1, sizeof *node);
    Onnx__AttributeProto *axis = cake_onnx_alloc(t->pool, 1, sizeof *axis);
    Onnx__AttributeProto **attributes = cake_onnx_alloc(t->pool, 1, sizeof *attributes);
    char *op_type = cake_onnx_alloc(t->pool, strlen(l->op_type) + 1, 1), *name = cake_onnx_alloc(t->pool, 8, 1);

    if (!node || !axis || !attributes || !op_type || !name)
        return false;
    *node = (Onnx__NodeProto)ONNX__NODE_PROTO__INIT;
    *axis = (Onnx__AttributeProto)ONNX__ATTRIBUTE_PROTO__INIT;
    node->op_type = strcpy(op_type, l->op_type);
    node->n_input = 1;
    node->input = t->nodes[0]->input;
    node->n_output = 1;
    node->output = t->nodes[t->count - 1]->output;
    node->attribute = attributes;
    node->n_attribute = t->has_axis;
    attributes[0] = axis;
    axis->name = strcpy(name, "axis");
    axis->has_type = axis->has_i = 1;
    axis->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
    axis->i = t->axis;
    graph->node[0] = node;
    graph->n_node = 1;
    return true;
}

bool cake_onnx_compose(cake_onnx_pool *pool, Onnx__GraphProto *graph)
{
    attempt t = {.pool = pool, .graph = graph};

    if (!gather(&t))
        return false;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (is_layer(&t, &layers[i]))
            return replace(&t, &layers[i], graph);
    return false;
}
