#include "onnx_model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/layout.h"

enum { MOST = 16 };

static cake_onnx_pool pool;
static Onnx__ModelProto model;
static Onnx__GraphProto graph;
static Onnx__NodeProto node;
static Onnx__OperatorSetIdProto opset, *opsets[] = {&opset};
static Onnx__NodeProto *nodes[MOST] = {&node};
static Onnx__AttributeProto attributes[MOST], *attribute_list[MOST];
static Onnx__TensorProto tensors[2 * MOST], *weights[MOST];
static Onnx__ValueInfoProto infos[2 * MOST], *inputs[MOST], *outputs[MOST];
static char *input_names[MOST], *output_names[MOST];
static size_t n_tensors;
static cake_onnx_set set;
static int n_inputs, n_outputs;

static char *copy(const char *text)
{
    char *made = cake_onnx_alloc(&pool, strlen(text) + 1, 1);

    return strcpy(made, text);
}

void onnx_begin(const char *op_type, int64_t version)
{
    cake_onnx_pool_free(&pool);
    pool.limit = 64 << 20;
    model = (Onnx__ModelProto)ONNX__MODEL_PROTO__INIT;
    graph = (Onnx__GraphProto)ONNX__GRAPH_PROTO__INIT;
    node = (Onnx__NodeProto)ONNX__NODE_PROTO__INIT;
    opset = (Onnx__OperatorSetIdProto)ONNX__OPERATOR_SET_ID_PROTO__INIT;
    opset.domain = "";
    opset.has_version = 1;
    opset.version = version;
    model.graph = &graph;
    model.n_opset_import = 1;
    model.opset_import = opsets;
    graph.n_node = 1;
    graph.node = nodes;
    graph.initializer = weights;
    graph.input = inputs;
    graph.output = outputs;
    node.op_type = copy(op_type);
    node.attribute = attribute_list;
    node.input = input_names;
    node.output = output_names;
    n_tensors = 0;
    n_inputs = n_outputs = 0;
    memset(&set, 0, sizeof set);
}

void onnx_domain(const char *domain)
{
    node.domain = copy(domain);
}

static Onnx__AttributeProto *attribute(const char *name, Onnx__AttributeProto__AttributeType type)
{
    Onnx__AttributeProto *a = &attributes[node.n_attribute];

    *a = (Onnx__AttributeProto)ONNX__ATTRIBUTE_PROTO__INIT;
    a->name = copy(name);
    a->has_type = 1;
    a->type = type;
    attribute_list[node.n_attribute++] = a;
    return a;
}

void onnx_int(const char *name, int64_t value)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

    a->has_i = 1;
    a->i = value;
}

void onnx_ints(const char *name, const int64_t *dims)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

    a->ints = cake_onnx_alloc(&pool, MOST, sizeof *a->ints);
    for (; *dims != -1; dims++)
        a->ints[a->n_ints++] = *dims;
}

void onnx_float(const char *name, double value)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

    a->has_f = 1;
    a->f = (float)value;
}

void onnx_text(const char *name, const char *value)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);

    a->has_s = 1;
    a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)copy(value)};
}

void onnx_floats(const char *name, const double *values, size_t count)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS);

    a->floats = cake_onnx_alloc(&pool, MOST, sizeof *a->floats);
    for (; a->n_floats < count; a->n_floats++)
        a->floats[a->n_floats] = (float)values[a->n_floats];
}

void onnx_texts(const char *name, const char *words)
{
    Onnx__AttributeProto *a = attribute(name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS);
    char *rest = copy(words), *word;

    a->strings = cake_onnx_alloc(&pool, MOST, sizeof *a->strings);
    while ((word = strsep(&rest, " ")))
        a->strings[a->n_strings++] = (ProtobufCBinaryData){strlen(word), (uint8_t *)word};
}

/* Raw bytes of a tensor. */
static Onnx__TensorProto *tensor(int32_t type, const int64_t *dims, const double *values)
{
    static const int32_t dtypes[] = {[FLOAT] = CAKE_F32, [INT32] = CAKE_I32, [INT64] = CAKE_I64,
                                     [BOOL] = CAKE_U8,   [HALF] = CAKE_F16,  [DOUBLE] = CAKE_F64};
    Onnx__TensorProto *t = &tensors[n_tensors++];
    size_t width = (size_t)cake_dtype_size(dtypes[type]);
    int64_t count = 1;

    *t = (Onnx__TensorProto)ONNX__TENSOR_PROTO__INIT;
    t->dims = cake_onnx_alloc(&pool, MOST, sizeof *t->dims);
    for (; *dims != -1; dims++) {
        t->dims[t->n_dims++] = *dims;
        count *= *dims;
    }
    t->has_data_type = 1;
    t->data_type = type;
    t->has_raw_data = 1;
    t->raw_data.len = (size_t)count * width;
    t->raw_data.data = cake_onnx_alloc(&pool, t->raw_data.len + 1, 1);
    for (int64_t i = 0; i < count; i++)
        cake_element_store(dtypes[type], t->raw_data.data + (size_t)i * width, values[i]);
    return t;
}

static cake_onnx_bytes pack_tensor(const Onnx__TensorProto *t)
{
    uint8_t *bytes = cake_onnx_alloc(&pool, onnx__tensor_proto__get_packed_size(t) + 1, 1);

    return (cake_onnx_bytes){bytes, onnx__tensor_proto__pack(t, bytes)};
}

static char *name_input(void)
{
    char text[16];

    snprintf(text, sizeof text, "in%zu", node.n_input);
    return input_names[node.n_input++] = copy(text);
}

static Onnx__ValueInfoProto *info(size_t index, char *name)
{
    infos[index] = (Onnx__ValueInfoProto)ONNX__VALUE_INFO_PROTO__INIT;
    infos[index].name = name;
    return &infos[index];
}

void onnx_input(int32_t type, const int64_t *dims, const double *values)
{
    inputs[graph.n_input] = info(graph.n_input, name_input());
    graph.n_input++;
    set.inputs[n_inputs++] = pack_tensor(tensor(type, dims, values));
}

void onnx_weight(int32_t type, const int64_t *dims, const double *values)
{
    Onnx__TensorProto *t = tensor(type, dims, values);

    t->name = name_input();
    weights[graph.n_initializer++] = t;
}

void onnx_absent(void)
{
    input_names[node.n_input++] = "";
}

void onnx_output(int32_t type, const int64_t *dims, const double *values)
{
    char text[16];

    snprintf(text, sizeof text, "out%zu", node.n_output);
    output_names[node.n_output] = copy(text);
    outputs[graph.n_output] = info(MOST + graph.n_output, output_names[node.n_output++]);
    graph.n_output++;
    set.outputs[n_outputs++] = pack_tensor(tensor(type, dims, values));
}

/* Words of a text as names, in the pool. */
static char **split(const char *words, size_t *count)
{
    char **names = cake_onnx_alloc(&pool, MOST, sizeof *names), *rest = copy(words), *word;

    for (*count = 0; (word = strsep(&rest, " ")); ++*count)
        names[*count] = word;
    return names;
}

void onnx_node(const char *op_type, const char *from, const char *to)
{
    Onnx__NodeProto *made = cake_onnx_alloc(&pool, 1, sizeof *made);

    *made = (Onnx__NodeProto)ONNX__NODE_PROTO__INIT;
    made->op_type = copy(op_type);
    made->input = split(from, &made->n_input);
    made->output = split(to, &made->n_output);
    nodes[graph.n_node++] = made;
    if (strcmp(to, output_names[0]) == 0)
        output_names[0] = copy("inside");
}

void onnx_constant(const char *name, int32_t type, const int64_t *dims, const double *values)
{
    Onnx__TensorProto *t = tensor(type, dims, values);

    t->name = copy(name);
    weights[graph.n_initializer++] = t;
}

void onnx_no_output(void)
{
    output_names[node.n_output++] = "";
}

Onnx__TensorProto *onnx_last(void)
{
    return &tensors[n_tensors - 1];
}

cake_onnx_bytes onnx_pack(void)
{
    uint8_t *bytes = malloc(onnx__model_proto__get_packed_size(&model) + 1);

    cr_assert_not_null(bytes);
    return (cake_onnx_bytes){bytes, onnx__model_proto__pack(&model, bytes)};
}

const cake_onnx_set *onnx_set(void)
{
    return &set;
}

cake_status onnx_map(int variant, cake_onnx_node *made, cake_error *error)
{
    cake_onnx_pool memory = {.limit = 64 << 20};
    cake_onnx_bytes bytes = onnx_pack();
    cake_onnx_graph read;
    cake_status st;

    *made = (cake_onnx_node){.file = "test", .name = "test", .variant = variant};
    st = cake_onnx_graph_read(&memory, bytes, NULL, &read, error);
    if (st == CAKE_OK && (st = cake_onnx_graph_map(&read, &set, made)) != CAKE_OK)
        *error = made->error;
    for (size_t i = 0; st == CAKE_OK && i < made->count; i++)
        st = cake_onnx_hold(&made->workloads[i], made->input[0] ? made->input[0]->type : 0, 1, error);
    cake_onnx_pool_free(&memory);
    free((void *)bytes.at);
    return st;
}

void onnx_is(const char *const *lines)
{
    cake_error error = {""};
    cake_onnx_node made;
    cake_status st = onnx_map(0, &made, &error);
    size_t count = 0;

    cr_expect_eq(st, CAKE_OK, "%s", error.text);
    for (; lines[count] && count < made.count; count++) {
        char line[CAKE_WORKLOAD_TEXT];

        cake_workload_format(&made.workloads[count], line, sizeof line);
        cr_expect_str_eq(line, lines[count]);
    }
    cr_expect(!lines[count] && count == made.count, "%zu workloads", made.count);
    cake_onnx_node_free(&made);
}

static void fails(cake_status expected, const char *text)
{
    cake_error error = {""};
    cake_onnx_node made;
    cake_status st = onnx_map(0, &made, &error);

    cr_expect_eq(st, expected, "%s: status %d: %s", text, st, error.text);
    cr_expect(strstr(error.text, text), "expected '%s', found '%s'", text, error.text);
    cake_onnx_node_free(&made);
}

void onnx_differs(const char *text)
{
    fails(CAKE_NOT_FOUND, text);
}

void onnx_skipped(const char *text)
{
    fails(CAKE_NOT_SUPPORTED, text);
}

void onnx_broken(const char *text)
{
    fails(CAKE_E_USAGE, text);
}
