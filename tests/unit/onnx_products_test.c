/* Products of matrices, from ONNX: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>

#include "onnx_model.h"

Test(onnx_products, gemm_with_all_that_it_has)
{
    /* 2 (AT BT) + 3 C with a row of C for each row: [1 3; 2 4] [5 6] = [23; 34] */
    onnx_begin("Gemm", 13);
    onnx_float("alpha", 2);
    onnx_float("beta", 3);
    onnx_int("transA", 1);
    onnx_int("transB", 1);
    onnx_input(FLOAT, DIMS(2, 2), VALUES(1, 2, 3, 4));
    onnx_input(FLOAT, DIMS(1, 2), VALUES(5, 6));
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 10));
    onnx_output(FLOAT, DIMS(2, 1), VALUES(49, 98));
    IS("linear rows=2 in=4 out=1");

    onnx_begin("Gemm", 13);
    onnx_input(FLOAT, DIMS(1, 2), VALUES(1, 2));
    onnx_input(FLOAT, DIMS(2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_input(FLOAT, DIMS(1), VALUES(7));
    onnx_output(FLOAT, DIMS(1, 3), VALUES(16, 19, 22));
    IS("linear in=2 out=3 bias=1");
}

Test(onnx_products, matmul_of_vectors_matrices_and_stacks)
{
    onnx_begin("MatMul", 13);
    onnx_input(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_input(FLOAT, DIMS(2), VALUES(3, 4));
    onnx_output(FLOAT, DIMS(-1), VALUES(11));
    IS("linear in=2 out=1");

    onnx_begin("MatMul", 13);
    onnx_input(FLOAT, DIMS(2, 1, 2), VALUES(1, 2, 3, 4));
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 10));
    onnx_output(FLOAT, DIMS(2, 1, 1), VALUES(21, 43));
    IS("linear rows=2 in=2 out=1");

    /* [2][1] stacks against [3]: six products. */
    onnx_begin("MatMul", 13);
    onnx_input(FLOAT, DIMS(2, 1, 1, 1), VALUES(1, 10));
    onnx_input(FLOAT, DIMS(3, 1, 2), VALUES(1, 2, 3, 4, 5, 6));
    onnx_output(FLOAT, DIMS(2, 3, 1, 2), VALUES(1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60));
    IS("linear in=1 out=2", "linear in=1 out=2", "linear in=1 out=2", "linear in=1 out=2", "linear in=1 out=2",
       "linear in=1 out=2");
}

/* As PyTorch exports a linear layer of more than two dimensions. */
Test(onnx_products, matmul_with_a_bias_behind_it)
{
    for (int first = 0; first < 2; first++) {
        onnx_begin("MatMul", 13);
        onnx_input(FLOAT, DIMS(1, 2, 2), VALUES(1, 2, 3, 4));
        onnx_weight(FLOAT, DIMS(2, 2), VALUES(1, 0, 0, 1));
        onnx_output(FLOAT, DIMS(1, 2, 2), VALUES(11, 22, 13, 24));
        onnx_constant("bias", FLOAT, DIMS(2), VALUES(10, 20));
        onnx_node("Add", first ? "bias inside" : "inside bias", "out0");
        IS("linear rows=2 in=2 out=2 bias=1");
    }
    onnx_begin("MatMul", 13);
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 2));
    onnx_weight(FLOAT, DIMS(1, 1), VALUES(1));
    onnx_output(FLOAT, DIMS(2, 1), VALUES(11, 22));
    onnx_constant("other", FLOAT, DIMS(2, 1), VALUES(10, 20));
    onnx_node("Add", "inside other", "out0");
    onnx_skipped("adds to a product what is not the same for each row");

    onnx_begin("Relu", 13);
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(2));
    onnx_constant("other", FLOAT, DIMS(1), VALUES(1));
    onnx_node("Add", "inside other", "out0");
    onnx_skipped("a graph of 2 nodes that is not one layer: Relu Add");
}
