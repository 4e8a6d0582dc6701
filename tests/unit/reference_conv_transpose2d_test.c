#include <criterion/criterion.h>

#include "naive_check.h"

static void check_outputs(const char *workload, const double *x, int inputs, const double *w, int taps,
                          const double *y, int outputs)
{
    evaluation e = evaluate_line(workload, CAKE_STANDARD, 1);

    set_values(&e, "x", x, inputs);
    set_values(&e, "w", w, taps);
    evaluate_again(&e);
    cr_assert_eq(e.count[0], outputs, "%s: %ld outputs", workload, (long)e.count[0]);
    for (int i = 0; i < outputs; i++)
        cr_expect_eq(e.expected[0][i].value, y[i], "%s [%d]: expected %g, found %g", workload, i, y[i],
                     e.expected[0][i].value);
    evaluation_free(&e);
}

static const double nine[] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

/* The examples of ONNX's documentation of ConvTranspose. */
Test(conv_transpose2d, published)
{
    check_outputs("conv_transpose2d ic=1 ih=3 iw=3 oc=1 k=3", nine, 9, ones, 9,
                  (double[]){0, 1, 3, 3, 2, 3, 8, 15, 12, 7, 9, 21, 36, 27, 15, 9, 20, 33, 24, 13, 6, 13, 21, 15, 8},
                  25);
    check_outputs("conv_transpose2d ic=1 ih=3 iw=3 oc=1 k=2 dil=2", (double[]){3, 8, 1, 9, 5, 7, 3, 2, 6}, 9,
                  (double[]){7, 2, 1, 9}, 4, (double[]){21, 56, 13, 16, 2,  63, 35, 67, 10, 14, 24, 22, 76,
                                                        76, 21, 9,  5,  88, 45, 63, 3,  2,  33, 18, 54},
                  25);
    check_outputs("conv_transpose2d ic=1 ih=3 iw=3 oc=1 k=3 stride_h=3 stride_w=2 pad_h=1 pad_w=2", nine, 9, ones, 9,
                  (double[]){1, 1, 3, 1, 1, 3, 7, 4, 9, 7, 4, 9, 7, 4, 9, 13, 7, 15, 13, 7, 15}, 21);
}

Test(conv_transpose2d, hand_computed)
{
    /* Doubled: each value once, then zeros; with one more column at the end. */
    check_outputs("conv_transpose2d ic=1 ih=1 iw=3 oc=1 kh=1 kw=1 stride_w=2 out_pad_w=1", (double[]){1, 2, 3}, 3,
                  (double[]){5}, 1, (double[]){5, 0, 10, 0, 15, 0}, 6);
    /* Groups: channel 0 goes to outputs 0 and 1, channel 1 to outputs 2 and 3. */
    check_outputs("conv_transpose2d ic=2 ih=1 iw=1 oc=4 k=1 groups=2", (double[]){2, 3}, 2,
                  (double[]){1, 10, 100, 1000}, 4, (double[]){2, 20, 300, 3000}, 4);
}

/* <conv2d(x), y> = <x, conv_transpose2d(y)>: with the same filters, each is the other's transposed matrix. */
Test(conv_transpose2d, is_the_transpose_of_conv2d)
{
    evaluation down =
        evaluate_line("conv2d n=2 ic=4 ih=9 iw=8 oc=6 kh=3 kw=2 stride_h=2 pad=1 dil_w=2 groups=2", CAKE_STANDARD, 3);
    evaluation up = evaluate_line(
        "conv_transpose2d n=2 ic=6 ih=5 iw=8 oc=4 kh=3 kw=2 stride_h=2 pad=1 dil_w=2 groups=2", CAKE_STANDARD, 4);
    const double *x = tensor_values(&down, "x"), *y = tensor_values(&up, "x");
    double left = 0, right = 0;

    set_values(&up, "w", tensor_values(&down, "w"), 6 * 2 * 3 * 2);
    evaluate_again(&up);
    cr_assert_eq(up.count[0], 2 * 4 * 9 * 8);
    cr_assert_eq(down.count[0], 2 * 6 * 5 * 8);
    for (int64_t i = 0; i < down.count[0]; i++)
        left += down.expected[0][i].value * y[i];
    for (int64_t i = 0; i < up.count[0]; i++)
        right += up.expected[0][i].value * x[i];
    cr_expect_float_eq(left, right, 1e-10, "%.17g and %.17g", left, right);
    evaluation_free(&down);
    evaluation_free(&up);
}

Test(conv_transpose2d, holds_and_catches)
{
    check_against_naive(
        (const char *[]){
            "conv_transpose2d n=2 ic=5 ih=6 iw=7 oc=4 k=3 stride=2 pad=1 out_pad=1 bias=1",
            "conv_transpose2d ic=8 ih=9 iw=5 oc=12 kh=2 kw=4 stride_w=3 dil_h=2 pad_t=1 pad_r=2 groups=4",
            "conv_transpose2d ic=7 ih=8 iw=8 oc=7 k=3 groups=7 bias=1", NULL},
        &naive_conv_transpose2d, true);
}

Test(conv_transpose2d, refuses)
{
    check_invalid_line("conv_transpose2d ic=3 ih=4 iw=4 oc=4 k=3 groups=2", "expected groups that divide ic and oc");
    check_invalid_line("conv_transpose2d ic=1 ih=2 iw=4 oc=1 k=1 pad=1",
                       "expected padding that leaves something of 2 (ih=2 kh=1), found 1 + 1");
    check_invalid_line("conv_transpose2d ic=1 ih=2 iw=2 oc=1 k=1 stride=2 out_pad=2",
                       "expected out_pad_h smaller than stride_h=2 or dil_h=1, found out_pad_h=2");
}

/* Of each axis the first and the last place of the filter are cut off once: 2 + 3 + 2 of 9 are left. */
Test(conv_transpose2d, what_is_cut_off_need_not_be_computed)
{
    evaluation e = evaluate_line("conv_transpose2d ic=2 ih=3 iw=3 oc=5 k=3 stride=2 pad=1", CAKE_STANDARD, 1);

    cr_expect_eq(e.reference.op->flops(e.reference.params), 2 * 2 * 5 * 81);
    cr_expect_eq(e.reference.op->least_flops(e.reference.params), 2 * 2 * 5 * 49);
    evaluation_free(&e);
}
