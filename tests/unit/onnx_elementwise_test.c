/* Functions of elements from ONNX, also spelled out in several nodes: each by the line that it makes and by numbers
 * worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "onnx_model.h"

/* The second axis differs: no softmax. */
Test(onnx_elementwise, softmax_spelled_out)
{
    for (int log = 0; log < 2; log++)
        for (int other = 0; other < 2; other++) {
            double y = log ? -logf(2) : .5;

            onnx_begin("ReduceMax", 13);
            onnx_ints("axes", DIMS(0));
            onnx_input(FLOAT, DIMS(2, 1), VALUES(3, 3));
            onnx_output(FLOAT, DIMS(2, 1), VALUES(y, y));
            onnx_constant("axes", INT64, DIMS(1), other ? VALUES(1) : VALUES(0));
            onnx_node("Sub", "in0 inside", "less");
            onnx_node("Exp", "less", "power");
            onnx_node("ReduceSum", "power axes", "sum");
            if (log)
                onnx_node("Log", "sum", "log");
            onnx_node(log ? "Sub" : "Div", log ? "less log" : "power sum", "out0");
            if (other)
                onnx_skipped(log ? "that is not one layer: ReduceMax Sub Exp ReduceSum Log Sub"
                                 : "that is not one layer: ReduceMax Sub Exp ReduceSum Div");
            else
                IS(log ? "softmax axis=2 log=1" : "softmax axis=2");
        }
}

Test(onnx_elementwise, gelu_spelled_out)
{
    for (int half = 0; half < 2; half++) {
        onnx_begin("Div", 14);
        onnx_input(FLOAT, DIMS(2), VALUES(1, -1));
        onnx_weight(FLOAT, DIMS(-1), VALUES(1.41421356));
        onnx_output(FLOAT, DIMS(2), VALUES(.841344746, -.158655254));
        onnx_constant("one", FLOAT, DIMS(-1), VALUES(1));
        onnx_constant("half", FLOAT, DIMS(-1), VALUES(half ? .5 : .25));
        onnx_node("Erf", "inside", "erf");
        onnx_node("Add", "one erf", "twice");
        onnx_node("Mul", "in0 twice", "product");
        onnx_node("Mul", "product half", "out0");
        if (half)
            IS("activation kind=gelu elements=2");
        else
            onnx_skipped("a graph of 5 nodes that is not one layer: Div Erf Add Mul Mul");
    }
}

Test(onnx_elementwise, softmax_flattened_before_version_13)
{
    for (int log = 0; log < 2; log++) {
        double a = log ? -logf(4) : 0.25, b = log ? -logf(2) : 0.5;

        onnx_begin(log ? "LogSoftmax" : "Softmax", 11);
        onnx_input(FLOAT, DIMS(1, 2, 2), VALUES(0, 0, 0, 0));
        onnx_output(FLOAT, DIMS(1, 2, 2), VALUES(a, a, a, a));
        IS(log ? "softmax axis=4 log=1" : "softmax axis=4");

        onnx_begin(log ? "LogSoftmax" : "Softmax", 13);
        onnx_int("axis", -2);
        onnx_input(FLOAT, DIMS(1, 2, 2), VALUES(0, 0, 0, 0));
        onnx_output(FLOAT, DIMS(1, 2, 2), VALUES(b, b, b, b));
        IS(log ? "softmax axis=2 inner=2 log=1" : "softmax axis=2 inner=2");
    }
}

Test(onnx_elementwise, functions_of_each_element)
{
    static const struct {
        const char *op;
        int opset;
        const char *line;
        double of_1;
    } table[] = {
        {"Relu", 14, "activation kind=relu elements=1", 1},
        {"Sigmoid", 13, "activation kind=sigmoid elements=1", .731058579},
        {"Tanh", 13, "activation kind=tanh elements=1", .761594156},
        {"Gelu", 20, "activation kind=gelu elements=1", .841344746},
        {"Swish", 24, "activation kind=silu elements=1", .731058579},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        onnx_begin(table[i].op, table[i].opset);
        onnx_input(FLOAT, DIMS(-1), VALUES(1));
        onnx_output(FLOAT, DIMS(-1), VALUES(table[i].of_1));
        IS(table[i].line);
    }
    onnx_begin("Sigmoid", 13);
    onnx_input(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_output(FLOAT, DIMS(2), VALUES(.731058579, 2 * .880797078));
    onnx_node("Mul", "in0 inside", "out0");
    IS("activation kind=silu elements=2");
    onnx_begin("Tanh", 13);
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(.761594156));
    onnx_node("Mul", "in0 inside", "out0");
    onnx_skipped("a graph of 2 nodes that is not one layer: Tanh Mul");
    onnx_begin("Gelu", 20);
    onnx_text("approximate", "tanh");
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(.841191991));
    IS("activation kind=gelu_tanh elements=1");
}

Test(onnx_elementwise, dropout_that_drops_nothing)
{
    onnx_begin("Dropout", 13);
    onnx_input(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_weight(FLOAT, DIMS(-1), VALUES(.75));
    onnx_output(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_output(BOOL, DIMS(2), VALUES(1, 1));
    IS("dropout elements=2 p=0.75 training=0");

    onnx_begin("Dropout", 13);
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_weight(FLOAT, DIMS(-1), VALUES(.5));
    onnx_weight(BOOL, DIMS(-1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(2));
    onnx_skipped("training drops what a generator says that ONNX does not define");
}
