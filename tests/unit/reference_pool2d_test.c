#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reference_check.h"

static void check_outputs(const char *workload, const double *x, int inputs, const double *y, int outputs)
{
    evaluation e = evaluate_line(workload, CAKE_STANDARD, 1);

    set_values(&e, "x", x, inputs);
    evaluate_again(&e);
    cr_assert_eq(e.count[0], outputs, "%s: %ld outputs", workload, (long)e.count[0]);
    for (int i = 0; i < outputs; i++)
        cr_assert_float_eq(e.expected[0][i].value, y[i], 1e-15, "%s [%d]: expected %g, found %g", workload, i, y[i],
                           e.expected[0][i].value);
    evaluation_free(&e);
}

static const double sixteen[] = {1, 3, 2, 9, 7, 5, 4, 8, 6, 0, -1, -2, 2, 4, -3, -4};

Test(pool2d, two_by_two_with_stride_two_of_the_lecture)
{
    check_outputs("pool2d kind=max c=1 ih=4 iw=4 k=2 stride=2", sixteen, 16, (double[]){7, 9, 6, -1}, 4);
    check_outputs("pool2d kind=avg c=1 ih=4 iw=4 k=2 stride=2", sixteen, 16, (double[]){4, 5.75, 3, -2.5}, 4);
}

Test(pool2d, whole_image)
{
    check_outputs("pool2d kind=avg c=1 ih=4 iw=4 k=0", sixteen, 16, (double[]){41.0 / 16}, 1);
    check_outputs("pool2d kind=max c=2 ih=2 iw=4 k=0", sixteen, 16, (double[]){9, 6}, 2);
}

Test(pool2d, padding_counts_only_if_told)
{
    const double x[] = {4, 8, 12, 16};

    check_outputs("pool2d kind=avg c=1 ih=2 iw=2 k=2 stride=2 pad=1", x, 4, x, 4);
    check_outputs("pool2d kind=avg c=1 ih=2 iw=2 k=2 stride=2 pad=1 count_pad=1", x, 4, (double[]){1, 2, 3, 4}, 4);
    check_outputs("pool2d kind=max c=1 ih=2 iw=2 k=2 stride=2 pad=1", (double[]){-4, -8, -12, -16}, 4,
                  (double[]){-4, -8, -12, -16}, 4);
}

Test(pool2d, places_beyond_the_padding_never_count)
{
    /* Windows at 0 and 2 over 3 columns and a column of padding: the second has 1 place in the image, 1 in the
     * padding; over 3 columns without padding the other place is beyond. */
    const double x[] = {2, 4, 6};

    check_outputs("pool2d kind=avg c=1 ih=1 iw=3 kh=1 kw=2 stride=2 pad_r=1 count_pad=1", x, 3, (double[]){3, 3}, 2);
    check_outputs("pool2d kind=avg c=1 ih=1 iw=3 kh=1 kw=2 stride=2 ceil_mode=1 count_pad=1", x, 3, (double[]){3, 6},
                  2);
    check_outputs("pool2d kind=avg c=1 ih=1 iw=3 kh=1 kw=2 stride=2", x, 3, (double[]){3}, 1);
}

Test(pool2d, a_window_that_begins_beyond_the_image_is_dropped)
{
    /* Rounded up there would be 3 windows, but the third begins at 4 - 1 = 3, past the image and its padding. */
    cake_workload w = parse("pool2d kind=max c=1 ih=3 iw=3 k=2 stride=2 pad=1 ceil_mode=1");

    cr_assert_eq(((const cake_pool2d *)w.params)->oh, 2);
    cake_workload_free(&w);
}

Test(pool2d, dilation)
{
    check_outputs("pool2d kind=max c=1 ih=4 iw=4 k=2 dil=2", sixteen, 16, (double[]){6, 9, 7, 8}, 4);
    check_outputs("pool2d kind=avg c=1 ih=4 iw=4 k=2 dil=3", sixteen, 16, (double[]){2}, 1);
}

/* After "pool2d kind=max" or the like. */
static const char *const awkward[] = {
    "n=2 c=3 ih=7 iw=9 kh=3 kw=2 stride_h=2 pad_t=2 pad_b=1 pad_r=1 dil_w=3",
    "c=2 ih=8 iw=5 k=3 stride=2 pad=1 ceil_mode=1",
    "n=3 c=1 ih=6 iw=10 kh=3 kw=4 stride_w=3 pad_l=3 dil_h=2 pad_h=4 ceil_mode=1",
    "c=5 ih=6 iw=7 k=0",
};

Test(pool2d, elements_agree)
{
    for (int i = 0; i < 4; i++)
        for (int kind = 0; kind < 2; kind++) {
            char line[256];
            evaluation e;

            snprintf(line, sizeof line, "pool2d kind=%s %s", kind == CAKE_POOL_MAX ? "max" : "avg count_pad=1",
                     awkward[i]);
            e = evaluate_line(line, CAKE_STANDARD, 3);
            check_elements(&e, 500, true);
            evaluation_free(&e);
        }
}

Test(pool2d, where_the_maxima_stand)
{
    static const double index[] = {4, 3, 8, 10};
    evaluation e = evaluate_line("pool2d kind=max c=1 ih=4 iw=4 k=2 stride=2 indices=1", CAKE_STANDARD, 1);

    set_values(&e, "x", sixteen, 16);
    evaluate_again(&e);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(e.expected[1][i].value, index[i]);
        cr_expect_eq(e.expected[1][i].bound, 0);
    }
    check_elements(&e, 16, false);
    evaluation_free(&e);
}

Test(pool2d, contradictions_are_refused)
{
    check_invalid_line("pool2d kind=max c=1 ih=4 iw=4 k=2 pad=2",
                       "padding smaller than the window, found padding 2 + 2");
    check_invalid_line("pool2d kind=max c=1 ih=2 iw=4 k=3", "a window of 3 (kh=3 dil_h=1) over 2");
    check_invalid_line("pool2d kind=max c=1 ih=2 iw=2 k=2 dil=5 pad=3", "one that steps over it (ih=2 kh=2");
    check_invalid_line("pool2d kind=max c=1 ih=2 iw=2 k=2 count_pad=1", "count_pad=0 with kind=max");
    check_invalid_line("pool2d kind=max n=2147483647 c=2147483647 ih=2 iw=2 k=2", "found 'x' beyond");
}

Test(pool2d, a_maximum_is_exact_and_a_mean_nearly)
{
    evaluation max = evaluate_line("pool2d kind=max c=1 ih=9 iw=9 k=3", CAKE_STANDARD, 4);
    evaluation avg = evaluate_line("pool2d kind=avg c=16 ih=32 iw=32 k=0", CAKE_STANDARD, 4);
    float *x = as_f32(&avg, "x"), *x16 = as_bf16(&avg, "x"), mean[16] = {0}, half[16] = {0}, low[16] = {0};
    float off_by_one[16], zeros[16] = {0};

    for (int64_t i = 0; i < max.count[0]; i++)
        cr_assert_eq(max.expected[0][i].bound, 0);
    for (int c = 0; c < 16; c++) {
        for (int i = 0; i < 1024; i++) {
            mean[c] += x[c * 1024 + i];
            low[c] += x16[c * 1024 + i];
            half[c] += i < 512 ? x[c * 1024 + i] : 0;
        }
        mean[c] /= 1024;
        low[c] /= 1024;
        half[c] /= 512;
        off_by_one[c] = mean[c] * 1024 / 1023;
    }
    cr_log_info("pool2d: f32 %.3f bf16 %.1f half %.1f bounds", worst_error(&avg, 0, mean), worst_error(&avg, 0, low),
                worst_error(&avg, 0, half));
    cr_assert(!rejects(&avg, 0, mean));
    cr_assert(rejects(&avg, 0, low) && rejects(&avg, 0, half) && rejects(&avg, 0, off_by_one));
    cr_assert(rejects(&avg, 0, zeros));
    free(x), free(x16);
    evaluation_free(&max);
    evaluation_free(&avg);
}

Test(pool2d, survives_what_is_not_finite)
{
    evaluation e = evaluate_line("pool2d kind=max c=1 ih=2 iw=2 k=2", CAKE_STANDARD, 1);
    cake_random random = {1};

    set_values(&e, "x", (double[]){1, NAN, 2, -INFINITY}, 4);
    evaluate_again(&e);
    cr_assert(isnan(e.expected[0][0].value));
    set_values(&e, "x", (double[]){-INFINITY, -INFINITY, -INFINITY, -INFINITY}, 4);
    evaluate_again(&e);
    cr_assert(isinf(e.expected[0][0].value));
    cr_assert_eq(e.reference.op->influence(&e.reference, (cake_place){1, 0}, &random).element, 0);
    evaluation_free(&e);
}
