#include <criterion/criterion.h>

#include "naive_check.h"

static void check_outputs(const char *workload, const double *x, int inputs, const double *y, int outputs)
{
    evaluation e = evaluate_line(workload, CAKE_STANDARD, 1);

    set_values(&e, "x", x, inputs);
    evaluate_again(&e);
    cr_assert_eq(e.count[0], outputs, "%s: %ld outputs", workload, (long)e.count[0]);
    for (int i = 0; i < outputs; i++)
        cr_expect_float_eq(e.expected[0][i].value, y[i], 1e-14, "%s [%d]: expected %g, found %g", workload, i, y[i],
                           e.expected[0][i].value);
    evaluation_free(&e);
}

static const double eight[] = {1, -2, 3, 4, 5, 6, -7, 8};

Test(pool3d, hand_computed)
{
    check_outputs("pool3d kind=max c=1 id=2 ih=2 iw=2 k=0", eight, 8, (double[]){8}, 1);
    check_outputs("pool3d kind=avg c=1 id=2 ih=2 iw=2 k=0", eight, 8, (double[]){18.0 / 8}, 1);
    check_outputs("pool3d kind=max c=1 id=2 ih=2 iw=2 kd=2 kh=1 kw=1", eight, 8, (double[]){5, 6, 3, 8}, 4);
    /* Windows at -1 and 1 of two planes: one plane inside each; a mean that counts padding halves. */
    check_outputs("pool3d kind=avg c=1 id=2 ih=1 iw=1 kd=2 kh=1 kw=1 stride=2 pad_d=1", eight, 2, (double[]){1, -2},
                  2);
    check_outputs("pool3d kind=avg c=1 id=2 ih=1 iw=1 kd=2 kh=1 kw=1 stride=2 pad_d=1 count_pad=1", eight, 2,
                  (double[]){0.5, -1}, 2);
    /* Three planes by two: the third is in a window of its own if sizes are rounded up. */
    check_outputs("pool3d kind=avg c=1 id=3 ih=1 iw=1 kd=2 kh=1 kw=1 stride=2", eight, 3, (double[]){-0.5}, 1);
    check_outputs("pool3d kind=avg c=1 id=3 ih=1 iw=1 kd=2 kh=1 kw=1 stride=2 ceil_mode=1 count_pad=1", eight, 3,
                  (double[]){-0.5, 3}, 2);
    check_outputs("pool3d kind=max c=1 id=1 ih=1 iw=8 kd=1 kh=1 kw=2 dil_w=4", eight, 8, (double[]){5, 6, 3, 8}, 4);
}

/* The first of several maxima, in the padding's place none. */
Test(pool3d, where_the_maxima_stand)
{
    const double x[] = {1, 4, 4, 3, 4, 4, 9, 2};
    evaluation e = evaluate_line("pool3d kind=max c=1 id=2 ih=2 iw=2 kd=2 kh=2 kw=1 stride_w=1 pad_f=1 indices=1",
                                 CAKE_STANDARD, 1);

    set_values(&e, "x", x, 8);
    evaluate_again(&e);
    cr_assert_eq(e.count[1], 4);
    /* Columns 0 (1 4, 4 9) and 1 (4 3, 4 2): plane 0 alone, then both. */
    cr_expect_eq(e.expected[1][0].value, 2);
    cr_expect_eq(e.expected[1][1].value, 1);
    cr_expect_eq(e.expected[1][2].value, 6);
    cr_expect_eq(e.expected[1][3].value, 1);
    evaluation_free(&e);
}

static const char *const awkward[] = {
    "pool3d kind=avg n=2 c=3 id=5 ih=7 iw=6 kd=3 kh=2 kw=3 stride_h=2 pad_f=2 pad_b=1 pad_r=1 dil_w=2",
    "pool3d kind=avg c=2 id=6 ih=8 iw=5 k=3 stride=2 pad=1 ceil_mode=1 count_pad=1",
    "pool3d kind=avg c=5 id=4 ih=6 iw=7 k=0",
    NULL,
};

static const char *const largest[] = {
    "pool3d kind=max n=2 c=3 id=5 ih=7 iw=6 kd=3 kh=2 kw=3 stride_h=2 pad_f=2 pad_b=1 pad_r=1 dil_w=2",
    "pool3d kind=max c=2 id=6 ih=8 iw=5 k=3 stride=2 pad=1 ceil_mode=1",
    "pool3d kind=max n=2 c=2 id=4 ih=5 iw=6 k=2 pad=1 dil_w=2 indices=1",
    NULL,
};

Test(pool3d, holds_and_catches)
{
    check_against_naive(awkward, &naive_pool3d, true);
    check_against_naive(largest, &naive_pool3d, true);
}

Test(pool3d, refuses)
{
    check_invalid_line("pool3d kind=max c=1 id=2 ih=4 iw=4 k=2 count_pad=1", "expected count_pad=0 with kind=max");
    check_invalid_line("pool3d kind=avg c=1 id=2 ih=4 iw=4 k=2 indices=1", "expected indices=0 with kind=avg");
    check_invalid_line("pool3d kind=max c=1 id=2048 ih=1024 iw=1025 k=2 indices=1",
                       "channels of less than 2^31 places");
    check_invalid_line(
        "pool3d kind=max c=1 id=4 ih=4 iw=4 k=2 pad_d=2",
        "expected padding smaller than the window, found padding 2 + 2 with a window of 2 (kd=2 dil_d=1)");
    check_invalid_line("pool3d kind=max c=1 id=1 ih=4 iw=4 k=2", "found a window of 2 (kd=2 dil_d=1) over 1 (id=1");
}
