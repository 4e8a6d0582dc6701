/* From a node of ONNX to workloads: what numbers are held to, and what is skipped. Each operator has its test in the
 * file of its theme, onnx_<theme>_test.c. */
#include <criterion/criterion.h>

#include "onnx_model.h"

Test(onnx, a_wrong_number_is_found)
{
    cake_error error = {""};
    cake_onnx_node node;

    onnx_begin("Conv", 11);
    onnx_input(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_weight(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 1, 1, 1));
    onnx_output(FLOAT, DIMS(1, 1, 1, 2), VALUES(12, 16.001));
    cr_expect_eq(onnx_map(0, &node, &error), CAKE_NOT_FOUND);
    cr_expect(strstr(error.text, "y[1]: published 16.0009995, the reference gives 16 "), "%s", error.text);
    cake_onnx_node_free(&node);
}

/* Coarse numbers are held to what their type can say: 1/3 as float16 is off by 1e-4. */
Test(onnx, half_precision_is_held_to_its_own)
{
    onnx_begin("Softmax", 13);
    onnx_input(HALF, DIMS(3), VALUES(0, 0, 0));
    onnx_output(HALF, DIMS(3), VALUES(1 / 3., 1 / 3., 1 / 3.));
    IS("softmax axis=3");
}

/* 0.1 as a double is off by 1.5e-9 once it is given to an f32 kernel. */
Test(onnx, doubles_are_held_to_f32)
{
    onnx_begin("Conv", 11);
    onnx_input(DOUBLE, DIMS(1, 1, 1, 2), VALUES(.1, .2));
    onnx_weight(DOUBLE, DIMS(1, 1, 1, 2), VALUES(.3, -.2));
    onnx_output(DOUBLE, DIMS(1, 1, 1, 1), VALUES(-.01));
    IS("conv2d ic=1 ih=1 iw=2 oc=1 kh=1 kw=2");

    onnx_begin("MaxPool", 12);
    onnx_ints("kernel_shape", DIMS(2));
    onnx_input(DOUBLE, DIMS(1, 1, 2), VALUES(.1, -.3));
    onnx_output(DOUBLE, DIMS(1, 1, 1), VALUES(.1));
    IS("pool2d kind=max c=1 ih=1 iw=2 kh=1 kw=2");
}

/* ... and no further. */
Test(onnx, a_double_that_is_wrong_is_found)
{
    cake_error error = {""};
    cake_onnx_node node;

    onnx_begin("Relu", 13);
    onnx_input(DOUBLE, DIMS(1), VALUES(.1));
    onnx_output(DOUBLE, DIMS(1), VALUES(.1 + 1e-7));
    cr_expect_eq(onnx_map(0, &node, &error), CAKE_NOT_FOUND, "%s", error.text);
    cake_onnx_node_free(&node);
}

Test(onnx, says_why_it_skips)
{
    onnx_begin("Conv", 11);
    onnx_input(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_weight(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 1, 1, 1));
    onnx_output(FLOAT, DIMS(1), VALUES(0));
    onnx_domain("com.microsoft");
    onnx_skipped("operator com.microsoft.Conv is none of the layers");

    onnx_begin("Relu", 99);
    onnx_skipped("operator set version 99 is not known here");

    onnx_begin("Gelu", 13);
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(1));
    onnx_skipped("Gelu before operator set version 20");
}
