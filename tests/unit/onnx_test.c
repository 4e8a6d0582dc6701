/* From a node of ONNX to workloads: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "onnx_model.h"

/* A 1x1x2x3 image 1 .. 6 and a 2x2 window of ones. */
static void conv(void)
{
    onnx_begin("Conv", 11);
    onnx_input(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_weight(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 1, 1, 1));
}

Test(onnx, conv_pads_by_hand_and_by_itself)
{
    conv();
    onnx_ints("pads", DIMS(0, 1, 1, 0));
    onnx_output(FLOAT, DIMS(1, 1, 2, 3), VALUES(5, 12, 16, 4, 9, 11));
    IS("conv2d ic=1 ih=2 iw=3 oc=1 k=2 pad_b=1 pad_l=1");

    conv();
    onnx_text("auto_pad", "SAME_UPPER");
    onnx_output(FLOAT, DIMS(1, 1, 2, 3), VALUES(12, 16, 9, 9, 11, 6));
    IS("conv2d ic=1 ih=2 iw=3 oc=1 k=2 pad_b=1 pad_r=1");

    conv();
    onnx_text("auto_pad", "SAME_LOWER");
    onnx_output(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 3, 5, 5, 12, 16));
    IS("conv2d ic=1 ih=2 iw=3 oc=1 k=2 pad_t=1 pad_l=1");

    conv();
    onnx_text("auto_pad", "VALID");
    onnx_ints("pads", DIMS(9, 9, 9, 9));
    onnx_output(FLOAT, DIMS(1, 1, 1, 2), VALUES(12, 16));
    IS("conv2d ic=1 ih=2 iw=3 oc=1 k=2");
}

Test(onnx, conv_of_one_dimension_is_an_image_of_one_row)
{
    onnx_begin("Conv", 11);
    onnx_ints("strides", DIMS(2));
    onnx_ints("dilations", DIMS(3));
    onnx_int("group", 2);
    onnx_input(FLOAT, DIMS(1, 2, 6), VALUES(1, 2, 3, 4, 5, 6, 1, 1, 1, 1, 1, 1));
    onnx_weight(FLOAT, DIMS(2, 1, 2), VALUES(1, 10, 2, 3));
    onnx_weight(FLOAT, DIMS(2), VALUES(100, 200));
    onnx_output(FLOAT, DIMS(1, 2, 2), VALUES(141, 163, 205, 205));
    IS("conv2d ic=2 ih=1 iw=6 oc=2 kh=1 kw=2 stride_w=2 dil_w=3 groups=2 bias=1");
}

Test(onnx, conv_and_pool_of_volumes)
{
    onnx_begin("Conv", 11);
    onnx_ints("pads", DIMS(1, 0, 0, 0, 0, 0));
    onnx_ints("strides", DIMS(2, 1, 1));
    onnx_input(FLOAT, DIMS(1, 1, 2, 1, 2), VALUES(1, 2, 3, 4));
    onnx_weight(FLOAT, DIMS(1, 1, 1, 1, 2), VALUES(1, 10));
    onnx_output(FLOAT, DIMS(1, 1, 2, 1, 1), VALUES(0, 43));
    IS("conv3d ic=1 id=2 ih=1 iw=2 oc=1 kd=1 kh=1 kw=2 stride_d=2 pad_f=1");

    onnx_begin("AveragePool", 11);
    onnx_ints("kernel_shape", DIMS(2, 1, 1));
    onnx_input(FLOAT, DIMS(1, 1, 2, 1, 2), VALUES(1, 2, 3, 6));
    onnx_output(FLOAT, DIMS(1, 1, 1, 1, 2), VALUES(2, 4));
    IS("pool3d kind=avg c=1 id=2 ih=1 iw=2 kd=2 kh=1 kw=1");
}

/* 1 2 spread by 2 under 1 10 100: 1 10 102 20 200. */
Test(onnx, transposed_conv_by_padding_or_output_shape)
{
    for (int how = 0; how < 3; how++) {
        onnx_begin("ConvTranspose", 11);
        onnx_ints("strides", DIMS(2));
        if (how == 0)
            onnx_ints("pads", DIMS(1, 0));
        else if (how == 1)
            onnx_ints("output_shape", DIMS(4));
        else
            onnx_text("auto_pad", "SAME_LOWER");
        onnx_input(FLOAT, DIMS(1, 1, 2), VALUES(1, 2));
        onnx_weight(FLOAT, DIMS(1, 1, 3), VALUES(1, 10, 100));
        onnx_output(FLOAT, DIMS(1, 1, 4), VALUES(10, 102, 20, 200));
        IS("conv_transpose2d ic=1 ih=1 iw=2 oc=1 kh=1 kw=3 stride_w=2 pad_l=1");
    }
}

/* Two groups, 1 2 and 3 4 spread by 2 under 1 10 100, and under 1 in the depth with a plane in front cut off. */
Test(onnx, transposed_conv_of_volumes)
{
    for (int how = 0; how < 2; how++) {
        onnx_begin("ConvTranspose", 11);
        onnx_ints("strides", DIMS(1, 1, 2));
        onnx_int("group", 2);
        if (how == 0)
            onnx_ints("pads", DIMS(1, 0, 1, 0, 0, 0));
        else
            onnx_ints("output_shape", DIMS(1, 1, 4));
        onnx_input(FLOAT, DIMS(1, 2, 1, 1, 2), VALUES(1, 2, 3, 4));
        onnx_weight(FLOAT, DIMS(2, 1, 2, 1, 3), VALUES(9, 9, 9, 1, 10, 100, 9, 9, 9, 1, 0, 2));
        onnx_weight(FLOAT, DIMS(2), VALUES(0, .5));
        onnx_output(FLOAT, DIMS(1, 2, 1, 1, 4), VALUES(10, 102, 20, 200, .5, 10.5, .5, 8.5));
        IS("conv3d ic=2 id=1 ih=1 iw=3 oc=2 kd=2 kh=1 kw=3 pad_k=1 pad_l=1 pad_r=2 groups=2 bias=1");
    }
    onnx_begin("ConvTranspose", 11);
    onnx_ints("pads", DIMS(1, 0, 0, 0, 0, 0));
    onnx_input(FLOAT, DIMS(1, 1, 2, 1, 1), VALUES(1, 2));
    onnx_weight(FLOAT, DIMS(1, 1, 1, 1, 1), VALUES(1));
    onnx_output(FLOAT, DIMS(1, 1, 1, 1, 1), VALUES(2));
    onnx_skipped("cuts off more than the filters reach");
}

Test(onnx, a_wrong_number_is_found)
{
    cake_error error = {""};
    cake_onnx_node node;

    conv();
    onnx_output(FLOAT, DIMS(1, 1, 1, 2), VALUES(12, 16.001));
    cr_expect_eq(onnx_map(0, &node, &error), CAKE_NOT_FOUND);
    cr_expect(strstr(error.text, "y[1]: published 16.0009995, the reference gives 16 "), "%s", error.text);
    cake_onnx_node_free(&node);
}

Test(onnx, pools)
{
    onnx_begin("AveragePool", 11);
    onnx_ints("kernel_shape", DIMS(2, 2));
    onnx_ints("pads", DIMS(1, 1, 0, 0));
    onnx_int("count_include_pad", 1);
    onnx_input(FLOAT, DIMS(1, 1, 2, 2), VALUES(4, 8, 12, 16));
    onnx_output(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 3, 4, 10));
    IS("pool2d kind=avg c=1 ih=2 iw=2 k=2 pad_t=1 pad_l=1 count_pad=1");

    onnx_begin("MaxPool", 12);
    onnx_ints("kernel_shape", DIMS(2));
    onnx_ints("strides", DIMS(2));
    onnx_int("ceil_mode", 1);
    onnx_input(FLOAT, DIMS(1, 1, 3), VALUES(1, 2, 3));
    onnx_output(FLOAT, DIMS(1, 1, 2), VALUES(2, 3));
    IS("pool2d kind=max c=1 ih=1 iw=3 kh=1 kw=2 stride_w=2 ceil_mode=1");

    onnx_begin("GlobalAveragePool", 1);
    onnx_input(FLOAT, DIMS(1, 1, 2, 1, 2), VALUES(1, 2, 3, 6));
    onnx_output(FLOAT, DIMS(1, 1, 1, 1, 1), VALUES(3));
    IS("pool2d kind=avg c=1 ih=2 iw=2 k=2");
}

/* Two channels of 2x3, maxima of 2x2 at (1, 1) and (0, 2), and (0, 0) and (0, 1): places in the whole of x. */
Test(onnx, max_pool_says_where)
{
    for (int order = 0; order < 2; order++) {
        onnx_begin("MaxPool", 12);
        onnx_ints("kernel_shape", DIMS(2, 2));
        onnx_int("storage_order", order);
        onnx_input(FLOAT, DIMS(1, 2, 2, 3), VALUES(1, 2, 9, 3, 5, 4, 7, 7, 0, 0, 0, 7));
        onnx_output(FLOAT, DIMS(1, 2, 1, 2), VALUES(5, 9, 7, 7));
        onnx_output(INT64, DIMS(1, 2, 1, 2), order ? VALUES(3, 4, 6, 8) : VALUES(4, 2, 6, 7));
        IS("pool2d kind=max c=2 ih=2 iw=3 k=2", "pool2d kind=max c=2 ih=2 iw=3 k=2 indices=1");
    }
    onnx_begin("MaxPool", 12);
    onnx_ints("kernel_shape", DIMS(1, 1, 2));
    onnx_int("storage_order", 1);
    onnx_input(FLOAT, DIMS(1, 1, 2, 1, 2), VALUES(1, 2, 4, 3));
    onnx_output(FLOAT, DIMS(1, 1, 2, 1, 1), VALUES(2, 4));
    onnx_output(INT64, DIMS(1, 1, 2, 1, 1), VALUES(2, 1));
    IS("pool3d kind=max c=1 id=2 ih=1 iw=2 kd=1 kh=1 kw=2",
       "pool3d kind=max c=1 id=2 ih=1 iw=2 kd=1 kh=1 kw=2 indices=1");
}

Test(onnx, gemm_with_all_that_it_has)
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

Test(onnx, matmul_of_vectors_matrices_and_stacks)
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
Test(onnx, matmul_with_a_bias_behind_it)
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

/* The second axis differs: no softmax. */
Test(onnx, softmax_spelled_out)
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

Test(onnx, gelu_spelled_out)
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

Test(onnx, softmax_flattened_before_version_13)
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

Test(onnx, gather_along_any_axis)
{
    onnx_begin("Gather", 13);
    onnx_int("axis", 1);
    onnx_input(FLOAT, DIMS(2, 3, 1), VALUES(1, 2, 3, 4, 5, 6));
    onnx_input(INT64, DIMS(2), VALUES(2, -3));
    onnx_output(FLOAT, DIMS(2, 2, 1), VALUES(3, 1, 6, 4));
    IS("embedding rows=2 vocab=3 dim=2");

    onnx_begin("Gather", 13);
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 2));
    onnx_input(INT32, DIMS(1), VALUES(2));
    onnx_output(FLOAT, DIMS(1, 1), VALUES(1));
    onnx_broken("expected indices of 2 rows, found 2");
}

Test(onnx, norms_repeat_what_is_smaller)
{
    const double d = 1 / sqrtf(1.25F); /* of 1 2 3 4 */

    onnx_begin("LayerNormalization", 17);
    onnx_int("axis", 1);
    onnx_float("epsilon", 1e-12);
    onnx_input(FLOAT, DIMS(1, 2, 2), VALUES(1, 2, 3, 4));
    onnx_weight(FLOAT, DIMS(1, 2), VALUES(1, 10));
    onnx_output(FLOAT, DIMS(1, 2, 2), VALUES(-1.5 * d, -5 * d, .5 * d, 15 * d));
    onnx_output(FLOAT, DIMS(1, 1, 1), VALUES(2.5));
    IS("layer_norm hidden=4 eps=9.999999960041972e-13", "pool2d kind=avg c=1 ih=1 iw=4 kh=1 kw=4");
    onnx_output(FLOAT, DIMS(1, 1, 1), VALUES(d));
    IS("layer_norm hidden=4 eps=9.999999960041972e-13", "pool2d kind=avg c=1 ih=1 iw=4 kh=1 kw=4",
       "layer_norm hidden=4 eps=9.999999960041972e-13 affine=0");

    onnx_begin("LayerNormalization", 17);
    onnx_float("epsilon", 1e-12);
    onnx_input(FLOAT, DIMS(1, 4), VALUES(1, 2, 3, 4));
    onnx_weight(FLOAT, DIMS(4), VALUES(1, 1, 1, 1));
    onnx_output(FLOAT, DIMS(1, 4), VALUES(-1.5 * d, -.5 * d, .5 * d, 1.5 * d));
    onnx_no_output();
    onnx_output(FLOAT, DIMS(1, 1), VALUES(d * 1.0001));
    onnx_differs("y[0]: published ");

    onnx_begin("RMSNormalization", 23);
    onnx_float("epsilon", 1e-12);
    onnx_input(FLOAT, DIMS(1, 2), VALUES(1, 7));
    onnx_weight(FLOAT, DIMS(2), VALUES(5, 10));
    onnx_output(FLOAT, DIMS(1, 2), VALUES(1, 14));
    IS("rms_norm hidden=2 eps=9.999999960041972e-13");

    for (int opset = 18; opset <= 21; opset += 3) {
        onnx_begin("GroupNormalization", opset);
        onnx_int("num_groups", 1);
        onnx_float("epsilon", 1e-12);
        onnx_input(FLOAT, DIMS(1, 2, 1), VALUES(1, 3));
        onnx_weight(FLOAT, opset == 18 ? DIMS(1) : DIMS(2), VALUES(5, 5));
        onnx_weight(FLOAT, opset == 18 ? DIMS(1) : DIMS(2), VALUES(1, 1));
        onnx_output(FLOAT, DIMS(1, 2, 1), VALUES(-4, 6));
        IS("group_norm c=2 h=1 w=1 groups=1 eps=9.999999960041972e-13");
    }
}

Test(onnx, batch_norm_trains)
{
    onnx_begin("BatchNormalization", 15);
    onnx_int("training_mode", 1);
    onnx_float("momentum", 0.5);
    onnx_float("epsilon", 1e-12);
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 3));
    onnx_weight(FLOAT, DIMS(1), VALUES(2));
    onnx_weight(FLOAT, DIMS(1), VALUES(1));
    onnx_weight(FLOAT, DIMS(1), VALUES(4));
    onnx_weight(FLOAT, DIMS(1), VALUES(5));
    onnx_output(FLOAT, DIMS(2, 1), VALUES(-1, 3));
    onnx_output(FLOAT, DIMS(1), VALUES(3));
    onnx_output(FLOAT, DIMS(1), VALUES(3));
    IS("batch_norm n=2 c=1 h=1 w=1 training=1 eps=9.999999960041972e-13 momentum=0.5");
}

Test(onnx, mean_variance_over_any_axes)
{
    onnx_begin("MeanVarianceNormalization", 13);
    onnx_ints("axes", DIMS(0));
    onnx_input(FLOAT, DIMS(2, 2), VALUES(1, 10, 3, 30));
    onnx_output(FLOAT, DIMS(2, 2), VALUES(-1, -1, 1, 1));
    IS("layer_norm rows=2 hidden=2 eps=1e-18 affine=0");
}

/* x = 1, w = 0: the state of relu(r h) with r = 2 doubles; row 1 of the batch has one step of two. */
Test(onnx, rnn_with_lengths_states_and_layout)
{
    onnx_begin("RNN", 14);
    onnx_int("layout", 1);
    onnx_int("hidden_size", 1);
    onnx_text("direction", "reverse");
    onnx_input(FLOAT, DIMS(2, 2, 1), VALUES(1, 1, 1, 1));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(.5));
    onnx_absent();
    onnx_input(INT32, DIMS(2), VALUES(2, 1));
    onnx_input(FLOAT, DIMS(2, 1, 1), VALUES(0, 1));
    onnx_no_output();
    onnx_output(FLOAT, DIMS(2, 1, 1), VALUES(0, tanhf(.5F)));
    IS("rnn cell=tanh direction=reverse steps=2 batch=2 input=1 hidden=1 initial_state=1 sequence_lens=1 "
       "batchwise=1");

    onnx_begin("RNN", 14);
    onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_absent();
    onnx_input(INT32, DIMS(1), VALUES(2));
    onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(0));
    onnx_broken("expected sequence_lens of at most 1 steps, found 2");
}

/* w = 0: gates of functions of the bias alone, 1 2 3 4 for i o f c, from c0 = 2. */
Test(onnx, lstm_with_other_functions)
{
    for (int coupled = 0; coupled < 2; coupled++) {
        /* i, o, f = x / 8 within 0 .. 1; the candidate x / (1 + x) = 0.8, h = 2 c */
        double c = (coupled ? 1 - .125 : .375) * 2 + .125 * .8;

        onnx_begin("LSTM", 14);
        onnx_texts("activations", "hardsigmoid Softsign AFFINE");
        onnx_floats("activation_alpha", VALUES(.125, 2), 2);
        onnx_floats("activation_beta", VALUES(0), 1);
        if (coupled)
            onnx_int("input_forget", 1);
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
        onnx_weight(FLOAT, DIMS(1, 4, 1), VALUES(0, 0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 4, 1), VALUES(0, 0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 8), VALUES(1, 2, 3, 4, 0, 0, 0, 0));
        onnx_absent();
        onnx_absent();
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(2));
        onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(.25 * 2 * c));
        onnx_no_output();
        onnx_output(FLOAT, DIMS(1, 1, 1), VALUES(c));
        IS(coupled ? "rnn cell=lstm steps=1 input=1 hidden=1 bias=1 initial_state=1 input_forget=1 f=hard_sigmoid "
                     "f_alpha=0.125 g=softsign h=affine h_alpha=2"
                   : "rnn cell=lstm steps=1 input=1 hidden=1 bias=1 initial_state=1 f=hard_sigmoid f_alpha=0.125 "
                     "g=softsign h=affine h_alpha=2");
    }
}

/* Two directions of different functions are two layers: 1 2 forwards, and backwards twice as much, with relu for tanh.
 */
Test(onnx, directions_with_functions_of_their_own)
{
    for (int batchwise = 0; batchwise < 2; batchwise++) {
        onnx_begin("RNN", 14);
        onnx_text("direction", "bidirectional");
        onnx_texts("activations", "Relu LeakyRelu");
        onnx_int("layout", batchwise);
        onnx_input(FLOAT, batchwise ? DIMS(1, 2, 1) : DIMS(2, 1, 1), VALUES(1, -2));
        onnx_weight(FLOAT, DIMS(2, 1, 1), VALUES(1, 2));
        onnx_weight(FLOAT, DIMS(2, 1, 1), VALUES(0, 1));
        onnx_output(FLOAT, batchwise ? DIMS(1, 2, 2, 1) : DIMS(2, 2, 1, 1), VALUES(1, 1.96, 0, -.04));
        onnx_output(FLOAT, batchwise ? DIMS(1, 2, 1) : DIMS(2, 1, 1), VALUES(0, 1.96));
        if (batchwise)
            IS("rnn cell=relu steps=2 input=1 hidden=1 batchwise=1",
               "rnn cell=relu direction=reverse steps=2 input=1 hidden=1 batchwise=1 f=leaky_relu f_alpha=0.01");
        else
            IS("rnn cell=relu steps=2 input=1 hidden=1",
               "rnn cell=relu direction=reverse steps=2 input=1 hidden=1 f=leaky_relu f_alpha=0.01");
    }
}

Test(onnx, unknown_functions_and_too_few_are_broken)
{
    for (int few = 0; few < 2; few++) {
        onnx_begin("GRU", 14);
        onnx_texts("activations", few ? "Sigmoid" : "Sigmoid Sine");
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
        onnx_weight(FLOAT, DIMS(1, 3, 1), VALUES(0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 3, 1), VALUES(0, 0, 0));
        onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(0));
        onnx_broken(few ? "expected 2 activations, found 1"
                        : "expected an activation function of a recurrent layer, found 'Sine'");
    }
}

Test(onnx, functions_of_each_element)
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

Test(onnx, dropout_that_drops_nothing)
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

/* Four heads of two channels, the first two turned: position 1 of the caches, by a quarter. */
Test(onnx, rotary_with_positions_and_heads_in_rows)
{
    onnx_begin("RotaryEmbedding", 23);
    onnx_int("num_heads", 1);
    onnx_int("interleaved", 1);
    onnx_int("rotary_embedding_dim", 2);
    onnx_input(FLOAT, DIMS(1, 1, 3), VALUES(1, 2, 3));
    onnx_weight(FLOAT, DIMS(2, 1), VALUES(9, 0));
    onnx_weight(FLOAT, DIMS(2, 1), VALUES(9, 1));
    onnx_input(INT64, DIMS(1, 1), VALUES(1));
    onnx_output(FLOAT, DIMS(1, 1, 3), VALUES(-2, 1, 3));
    IS("rope heads=1 len=1 head_dim=3 rotary_dim=2 tables=1");
}

Test(onnx, says_why_it_skips)
{
    conv();
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
