/* Norms, from ONNX: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "onnx_model.h"

Test(onnx_norms, norms_repeat_what_is_smaller)
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

Test(onnx_norms, batch_norm_trains)
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

Test(onnx_norms, mean_variance_over_any_axes)
{
    onnx_begin("MeanVarianceNormalization", 13);
    onnx_ints("axes", DIMS(0));
    onnx_input(FLOAT, DIMS(2, 2), VALUES(1, 10, 3, 30));
    onnx_output(FLOAT, DIMS(2, 2), VALUES(-1, -1, 1, 1));
    IS("layer_norm rows=2 hidden=2 eps=1e-18 affine=0");
}
