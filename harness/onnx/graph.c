#include "onnx/graph.h"

#include <stdio.h>
#include <string.h>

#include "onnx/compose.h"
#include "onnx/move.h"

enum { NODES_MAX = 64, OPSET_MAX = 26 };

static bool standard(const char *domain)
{
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

/* "Conv Relu", cut if long. */
static const char *operators(const Onnx__GraphProto *graph, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < graph->n_node && used + 1 < size; i++) {
        const char *op = graph->node[i]->op_type;

        used += (size_t)snprintf(text + used, size - used, "%s%.40s", i ? " " : "", op ? op : "?");
    }
    return text;
}

/* Does the node take what the layer gives, and besides it something else? */
static bool joins(const Onnx__NodeProto *node, const char *op_type, const Onnx__NodeProto *layer)
{
    return standard(node->domain) && strcmp(node->op_type, op_type) == 0 && node->n_input == 2 &&
           node->n_output == 1 &&
           (strcmp(node->input[0], layer->output[0]) == 0) != (strcmp(node->input[1], layer->output[0]) == 0);
}

/* The operand of a node that joins the layer which is not the layer's. */
static const char *other_operand(const Onnx__NodeProto *node, const Onnx__NodeProto *layer)
{
    return node->input[strcmp(node->input[0], layer->output[0]) == 0];
}

/* The node behind the layer that is part of it, as PyTorch exports a linear layer of more than two dimensions (MatMul,
 * then Add) and silu (Sigmoid, then Mul with its input). The number of nodes: there is none. */
static size_t find_tail(const cake_onnx_graph *graph)
{
    const Onnx__GraphProto *proto = graph->proto;
    const Onnx__NodeProto *layer = proto->node[graph->layer];
    bool product = strcmp(layer->op_type, "MatMul") == 0, sigmoid = strcmp(layer->op_type, "Sigmoid") == 0;
    size_t i = graph->layer + 1;

    if (!(product || sigmoid) || layer->n_output != 1 || layer->n_input < 1 || graph->opset < 7)
        return proto->n_node;
    for (; i < proto->n_node; i++) {
        const Onnx__NodeProto *node = proto->node[i];

        if (product ? joins(node, "Add", layer)
                    : joins(node, "Mul", layer) && strcmp(other_operand(node, layer), layer->input[0]) == 0)
            break;
    }
    return i;
}

/* Which node is the layer? */
static cake_status find_layer(cake_onnx_graph *graph, cake_error *error)
{
    const Onnx__GraphProto *proto = graph->proto;
    size_t layers = 0, others = 0;
    char text[256];

    if (proto->n_node == 0)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "a graph without nodes");
    if (proto->n_node > NODES_MAX)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "a graph of %zu nodes", proto->n_node);
    for (size_t i = 0; i < proto->n_node; i++) {
        const Onnx__NodeProto *node = proto->node[i];

        if (!node->op_type)
            return cake_fail(error, CAKE_E_USAGE, "expected a node with an operator, found one without");
        if (standard(node->domain) && cake_onnx_is_layer(node)) {
            graph->layer = i;
            layers++;
        } else if (!standard(node->domain) || !cake_onnx_mover_find(node->op_type)) {
            others++;
        }
    }
    if (layers == 1)
        graph->tail = find_tail(graph);
    if (layers == 1 && others == (graph->tail < proto->n_node ? 1 : 0))
        return CAKE_OK;
    if (proto->n_node > 1)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "a graph of %zu nodes that is not one layer: %s", proto->n_node,
                         operators(proto, text, sizeof text));
    return cake_fail(error, CAKE_NOT_SUPPORTED, "operator %.40s%s%.60s is none of the layers",
                     standard(proto->node[0]->domain) ? "" : proto->node[0]->domain,
                     standard(proto->node[0]->domain) ? "" : ".", proto->node[0]->op_type);
}

cake_status cake_onnx_graph_read(cake_onnx_pool *pool, cake_onnx_bytes bytes, const char *folder,
                                 cake_onnx_graph *graph, cake_error *error)
{
    Onnx__ModelProto *model;
    cake_status st = cake_onnx_unpack_model(pool, bytes, &model, error);
    bool known;

    if (st != CAKE_OK)
        return st;
    if (!model->graph)
        return cake_fail(error, CAKE_E_USAGE, "expected a model with a graph, found none");
    *graph = (cake_onnx_graph){.pool = pool, .folder = folder, .proto = model->graph, .opset = 1};
    for (size_t i = 0; i < model->n_opset_import; i++)
        if (standard(model->opset_import[i]->domain))
            graph->opset = model->opset_import[i]->version;
    known = graph->opset >= 1 && graph->opset <= OPSET_MAX;
    if (known && cake_onnx_compose(pool, model->graph))
        graph->opset = CAKE_ONNX_COMPOSED_OPSET;
    st = find_layer(graph, error);
    if (st == CAKE_OK && !known)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "operator set version %lld is not known here (1 to %d are)",
                         (long long)graph->opset, OPSET_MAX);
    return st;
}

/* ---- values by name ---- */

typedef struct named {
    const char *name;
    const cake_onnx_tensor *value;
} named;

typedef struct scope {
    named *items;
    size_t count, room;
} scope;

static const cake_onnx_tensor *look(const scope *known, const char *name)
{
    for (size_t i = known->count; i-- > 0;)
        if (strcmp(known->items[i].name, name) == 0)
            return known->items[i].value;
    return NULL;
}

static void define(scope *known, const char *name, const cake_onnx_tensor *value)
{
    if (name && *name && value && known->count < known->room)
        known->items[known->count++] = (named){name, value};
}

static bool is_initializer(const Onnx__GraphProto *graph, const char *name)
{
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (graph->initializer[i]->name && name && strcmp(graph->initializer[i]->name, name) == 0)
            return true;
    return false;
}

static cake_status read_file(const cake_onnx_graph *graph, cake_onnx_bytes bytes, const char *what, int index,
                             const cake_onnx_tensor **tensor, cake_error *error)
{
    Onnx__TensorProto *proto;
    cake_status st = cake_onnx_unpack_tensor(graph->pool, bytes, &proto, error);

    if (st == CAKE_OK)
        st = cake_onnx_read_tensor(graph->pool, proto, NULL, tensor, error);
    return st == CAKE_OK ? st : cake_fail_within(error, st, "%s_%d.pb", what, index);
}

static int count_files(const cake_onnx_bytes *files, int most)
{
    int count = 0;

    while (count < most && files[count].at)
        count++;
    return count;
}

/* Initializers, and the data set's inputs: of all the graph's inputs, or of those that are no initializers (which
 * older models list among the inputs too). */
static cake_status define_inputs(const cake_onnx_graph *graph, const cake_onnx_set *set, scope *known,
                                 cake_error *error)
{
    const Onnx__GraphProto *proto = graph->proto;
    const cake_onnx_tensor *value = NULL;
    size_t files = (size_t)count_files(set->inputs, CAKE_ONNX_INPUTS), file = 0;
    bool all = files == proto->n_input;
    cake_status st = CAKE_OK;

    for (size_t i = 0; st == CAKE_OK && i < proto->n_initializer; i++) {
        st = cake_onnx_read_tensor(graph->pool, proto->initializer[i], graph->folder, &value, error);
        if (st != CAKE_OK)
            return cake_fail_within(error, st, "initializer %.60s",
                                    proto->initializer[i]->name ? proto->initializer[i]->name : "");
        define(known, value->name, value);
    }
    for (size_t i = 0; st == CAKE_OK && i < proto->n_input && file < files; i++) {
        const char *name = proto->input[i]->name;

        if (!all && is_initializer(proto, name))
            continue;
        st = read_file(graph, set->inputs[file], "input", (int)file, &value, error);
        if (st == CAKE_OK)
            define(known, name, value);
        file++;
    }
    if (st == CAKE_OK && file < files)
        return cake_fail(error, CAKE_E_USAGE, "expected %zu input files as the graph has inputs, found %zu", file,
                         files);
    return st;
}

/* ---- around the layer ---- */

static bool has_tail(const cake_onnx_graph *graph)
{
    return graph->tail < graph->proto->n_node;
}

/* The last node of the layer: itself, or its tail. */
static size_t last_of_layer(const cake_onnx_graph *graph)
{
    return has_tail(graph) ? graph->tail : graph->layer;
}

static cake_status move(const cake_onnx_graph *graph, size_t index, scope *known, cake_error *error)
{
    const Onnx__NodeProto *proto = graph->proto->node[index];
    cake_onnx_node node = {.pool = graph->pool, .proto = proto, .opset = graph->opset};

    for (size_t k = 0; k < proto->n_input && k < CAKE_ONNX_INPUTS; k++) {
        node.input[k] = look(known, proto->input[k]);
        if (!node.input[k] && index > graph->layer)
            return CAKE_OK; /* it moves what the layer gives */
    }
    if (proto->n_output > 0)
        define(known, proto->output[0], cake_onnx_mover_find(proto->op_type)->move(&node));
    if (node.status != CAKE_OK)
        return cake_fail(error, node.status, "%s: %s", proto->op_type, node.error.text);
    return CAKE_OK;
}

static cake_status move_before(const cake_onnx_graph *graph, scope *known, cake_error *error)
{
    cake_status st = CAKE_OK;

    for (size_t i = 0; st == CAKE_OK && i < last_of_layer(graph); i++)
        if (i != graph->layer)
            st = move(graph, i, known, error);
    return st;
}

/* What the tail joins to what the layer gives. */
static void take_tail(const cake_onnx_graph *graph, const scope *known, cake_onnx_node *node)
{
    const char *name = other_operand(graph->proto->node[graph->tail], node->proto);

    node->joined = look(known, name);
    if (!node->joined)
        cake_onnx_broken(node, "expected values of input %.60s, found none", name);
}

/* The graph's output that a name becomes, by nodes after the layer that leave the elements as they are; -1: none. */
static int becomes(const cake_onnx_graph *graph, const char *name)
{
    const Onnx__GraphProto *proto = graph->proto;

    for (size_t from = last_of_layer(graph) + 1;; from++) {
        for (size_t i = 0; i < proto->n_output && i < CAKE_ONNX_OUTPUTS; i++)
            if (proto->output[i]->name && strcmp(proto->output[i]->name, name) == 0)
                return (int)i;
        while (from < proto->n_node && !(proto->node[from]->n_input > 0 && proto->node[from]->n_output > 0 &&
                                         strcmp(proto->node[from]->input[0], name) == 0 &&
                                         cake_onnx_mover_find(proto->node[from]->op_type)->keeps_order))
            from++;
        if (from >= proto->n_node)
            return -1;
        name = proto->node[from]->output[0];
    }
}

static cake_status find_outputs(const cake_onnx_graph *graph, const cake_onnx_set *set, cake_onnx_node *node)
{
    const Onnx__GraphProto *proto = graph->proto;
    size_t found = 0;

    if (proto->n_output > CAKE_ONNX_OUTPUTS || node->proto->n_output > CAKE_ONNX_OUTPUTS) {
        cake_onnx_skip(node, "more than %d outputs", CAKE_ONNX_OUTPUTS);
        return node->status;
    }
    for (size_t i = 0; i < node->proto->n_output; i++) {
        const char *name = has_tail(graph) ? proto->node[graph->tail]->output[0] : node->proto->output[i];
        int index = *name ? becomes(graph, name) : -1;
        cake_error error = {""};
        cake_status st;

        if (index < 0)
            continue;
        if (!set->outputs[index].at) {
            cake_onnx_broken(node, "expected output_%d.pb, found none", index);
            return node->status;
        }
        st = read_file(graph, set->outputs[index], "output", index, &node->output[i], &error);
        if (st == CAKE_NOT_SUPPORTED)
            cake_onnx_skip(node, "%s", error.text);
        else if (st != CAKE_OK)
            cake_onnx_broken(node, "%s", error.text);
        found++;
    }
    if (found < proto->n_output)
        cake_onnx_skip(node, "an output of the graph is not the layer's");
    return node->status;
}

cake_status cake_onnx_graph_map(const cake_onnx_graph *graph, const cake_onnx_set *set, cake_onnx_node *node)
{
    const Onnx__NodeProto *proto = graph->proto->node[graph->layer];
    scope known = {.room = graph->proto->n_initializer + graph->proto->n_input + graph->proto->n_node};
    cake_error error = {""};
    cake_status st;

    node->pool = graph->pool;
    node->proto = proto;
    node->opset = graph->opset;
    known.items = cake_onnx_alloc(graph->pool, known.room, sizeof *known.items);
    if (!known.items) {
        cake_onnx_skip(node, "out of memory");
        return node->status;
    }
    st = define_inputs(graph, set, &known, &error);
    if (st == CAKE_OK)
        st = move_before(graph, &known, &error);
    if (st == CAKE_NOT_SUPPORTED)
        cake_onnx_skip(node, "%s", error.text);
    else if (st != CAKE_OK)
        cake_onnx_broken(node, "%s", error.text);
    for (size_t i = 0; st == CAKE_OK && i < proto->n_input; i++) {
        const cake_onnx_tensor *value = *proto->input[i] ? look(&known, proto->input[i]) : NULL;

        if (*proto->input[i] && !value)
            cake_onnx_broken(node, "expected values of input %.60s, found none", proto->input[i]);
        if (i < CAKE_ONNX_INPUTS)
            node->input[i] = value;
    }
    if (node->status == CAKE_OK && has_tail(graph))
        take_tail(graph, &known, node);
    if (node->status == CAKE_OK && find_outputs(graph, set, node) == CAKE_OK)
        cake_onnx_map(node);
    return node->status;
}
