/* Functions of each element, softmax, dropout. */
#include <string.h>

#include "onnx/node.h"

static void activation(cake_onnx_node *n, const char *kind)
{
    cake_onnx_case(n, "activation kind=%s elements=%lld", kind, (long long)n->input[0]->count);
    cake_onnx_put(n, "x", n->input[0]);
    cake_onnx_put(n, "y", n->output[0]);
}

static void relu(cake_onnx_node *n)
{
    activation(n, "relu");
}

static void sigmoid(cake_onnx_node *n)
{
    activation(n, n->joined ? "silu" : "sigmoid");
}

static void hyperbolic_tangent(cake_onnx_node *n)
{
    activation(n, "tanh");
}

static void gelu(cake_onnx_node *n)
{
    activation(n, strcmp(cake_onnx_text(n, "approximate", "none"), "tanh") == 0 ? "gelu_tanh" : "gelu");
}

static void swish(cake_onnx_node *n)
{
    if (cake_onnx_float(n, "alpha", 1) != 1)
        cake_onnx_skip(n, "a factor in the sigmoid (alpha)");
    activation(n, "silu");
}

/* Before version 13 all dimensions from the axis on counted as one. */
static void softmax_of(cake_onnx_node *n, int log)
{
    const cake_onnx_tensor *x = n->input[0];
    bool one = n->opset >= 13;
    int axis = cake_onnx_axis(n, cake_onnx_int(n, "axis", one ? -1 : 1), x->rank);
    int end = one ? axis + 1 : x->rank;

    cake_onnx_case(n, "softmax outer=%lld axis=%lld inner=%lld log=%d", (long long)cake_onnx_product(x, 0, axis),
                   (long long)cake_onnx_product(x, axis, end), (long long)cake_onnx_product(x, end, x->rank), log);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "y", n->output[0]);
}

static void softmax(cake_onnx_node *n)
{
    softmax_of(n, 0);
}

static void log_softmax(cake_onnx_node *n)
{
    softmax_of(n, 1);
}

static bool all_ones(const cake_onnx_tensor *t)
{
    for (int64_t i = 0; i < t->count; i++)
        if (t->values[i] != 1)
            return false;
    return true;
}

static void dropout(cake_onnx_node *n)
{
    double ratio = n->input[1] ? n->input[1]->values[0] : cake_onnx_float(n, "ratio", 0.5);
    bool training = n->input[2] ? n->input[2]->values[0] != 0 : false;

    if (n->opset < 7)
        training = cake_onnx_int(n, "is_test", 0) == 0;
    if (training && ratio != 0)
        cake_onnx_skip(n, "training drops what a generator says that ONNX does not define");
    if (n->output[1] && !all_ones(n->output[1]))
        cake_onnx_broken(n, "expected a mask that keeps all, found another");
    cake_onnx_case(n, "dropout training=%d p=%.17g elements=%lld", training, ratio >= 0 && ratio < 1 ? ratio : 0,
                   (long long)n->input[0]->count);
    cake_onnx_put(n, "x", n->input[0]);
    cake_onnx_put(n, "y", n->output[0]);
}

const cake_onnx_mapping cake_onnx_elementwise[] = {
    {"Relu", 1, 1, 1, relu},
    {"Sigmoid", 1, 1, 1, sigmoid},
    {"Tanh", 1, 1, 1, hyperbolic_tangent},
    {"Gelu", 1, 1, 20, gelu},
    {"Swish", 1, 1, 24, swish},
    {"Softmax", 1, 1, 1, softmax},
    {"LogSoftmax", 1, 1, 1, log_softmax},
    {"Dropout", 1, 3, 1, dropout},
    {.op_type = NULL},
};
