#include <criterion/criterion.h>

#include "naive_check.h"

static void check_outputs(const char *workload, const double *x, const double *w, int taps, const double *y,
                          int outputs)
{
    evaluation e = evaluate_line(workload, CAKE_STANDARD, 1);

    set_values(&e, "x", x, (int)cake_spec_elements(&e.reference.tensors.tensor[0]));
    set_values(&e, "w", w, taps);
    evaluate_again(&e);
    cr_assert_eq(e.count[0], outputs, "%s: %ld outputs", workload, (long)e.count[0]);
    for (int i = 0; i < outputs; i++)
        cr_expect_eq(e.expected[0][i].value, y[i], "%s [%d]: expected %g, found %g", workload, i, y[i],
                     e.expected[0][i].value);
    evaluation_free(&e);
}

static const double eight[] = {1, 2, 3, 4, 5, 6, 7, 8};

Test(conv3d, hand_computed)
{
    /* The whole volume: the sum of squares. */
    check_outputs("conv3d ic=1 id=2 ih=2 iw=2 oc=1 k=2", eight, eight, 8, (double[]){204}, 1);
    /* Depth alone, with a plane of zeros in front: 10 x plane 0, then plane 0 + 10 x plane 1. */
    check_outputs("conv3d ic=1 id=2 ih=2 iw=2 oc=1 kd=2 kh=1 kw=1 pad_f=1", eight, (double[]){1, 10}, 2,
                  (double[]){10, 20, 30, 40, 51, 62, 73, 84}, 8);
    /* Every second plane, row and column of a volume that is wider than deep; two filters. */
    check_outputs("conv3d ic=1 id=2 ih=1 iw=4 oc=2 k=1 stride=2", eight, (double[]){1, -1}, 2,
                  (double[]){1, 3, -1, -3}, 4);
    /* Dilated rows: place 0 and place 2. */
    check_outputs("conv3d ic=1 id=1 ih=1 iw=8 oc=1 kd=1 kh=1 kw=2 dil_w=2", eight, (double[]){1, 1}, 2,
                  (double[]){4, 6, 8, 10, 12, 14}, 6);
    /* Groups: each filter sees its own channel. */
    check_outputs("conv3d ic=2 id=1 ih=2 iw=2 oc=2 k=1 groups=2", eight, (double[]){2, 3}, 2,
                  (double[]){2, 4, 6, 8, 15, 18, 21, 24}, 8);
}

/* With a depth of 1 it is conv2d. */
Test(conv3d, flat_is_conv2d)
{
    evaluation flat = evaluate_line(
        "conv2d n=2 ic=4 ih=7 iw=6 oc=6 kh=3 kw=2 stride_h=2 pad=1 dil_w=2 groups=2 bias=1", CAKE_STANDARD, 5);
    evaluation deep = evaluate_line("conv3d n=2 ic=4 id=1 ih=7 iw=6 oc=6 kd=1 kh=3 kw=2 stride_h=2 pad_h=1 pad_w=1 "
                                    "dil_w=2 groups=2 bias=1",
                                    CAKE_STANDARD, 5);

    cr_assert_eq(flat.count[0], deep.count[0]);
    for (int64_t i = 0; i < flat.count[0]; i++) {
        cr_expect_float_eq(flat.expected[0][i].value, deep.expected[0][i].value, 1e-14);
        cr_expect_float_eq(flat.expected[0][i].bound, deep.expected[0][i].bound, 1e-14);
    }
    evaluation_free(&flat);
    evaluation_free(&deep);
}

Test(conv3d, holds_and_catches)
{
    check_against_naive(
        (const char *[]){
            "conv3d n=2 ic=3 id=5 ih=6 iw=7 oc=4 k=3 pad=1 bias=1",
            "conv3d ic=4 id=7 ih=9 iw=8 oc=6 kd=2 kh=3 kw=1 stride_d=3 stride_w=2 pad_k=2 pad_l=1 groups=2",
            "conv3d ic=2 id=8 ih=7 iw=9 oc=2 k=2 dil=3 pad_d=2", NULL},
        &naive_conv3d, true);
}

Test(conv3d, refuses)
{
    check_invalid_line("conv3d ic=3 id=4 ih=4 iw=4 oc=4 k=3 groups=2", "expected groups that divide ic and oc");
    check_invalid_line("conv3d ic=1 id=2 ih=4 iw=4 oc=1 k=3", "found a window of 3 (kd=3 dil_d=1) over 2 (id=2");
}

/* Of each axis the first and the last window have a place in the padding: 2 + 3 + 2 of 9 are left. */
Test(conv3d, what_is_padding_need_not_be_computed)
{
    evaluation e = evaluate_line("conv3d ic=2 id=3 ih=3 iw=3 oc=5 k=3 pad=1 bias=1", CAKE_STANDARD, 1);

    cr_expect_eq(e.reference.op->flops(e.reference.params), 2 * 2 * 5 * 729 + 5 * 27);
    cr_expect_eq(e.reference.op->least_flops(e.reference.params), 2 * 2 * 5 * 343 + 5 * 27);
    evaluation_free(&e);
}
