/* Convolutions and pooling, from ONNX: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>

#include "onnx_model.h"

/* A 1x1x2x3 image 1 .. 6 and a 2x2 window of ones. */
static void conv(void)
{
    onnx_begin("Conv", 11);
    onnx_input(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_weight(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 1, 1, 1));
}

Test(onnx_windows, conv_pads_by_hand_and_by_itself)
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

Test(onnx_windows, conv_of_one_dimension_is_an_image_of_one_row)
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

Test(onnx_windows, conv_and_pool_of_volumes)
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
Test(onnx_windows, transposed_conv_by_padding_or_output_shape)
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
Test(onnx_windows, transposed_conv_of_volumes)
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

Test(onnx_windows, pools)
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
Test(onnx_windows, max_pool_says_where)
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
