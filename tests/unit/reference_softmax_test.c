#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

Test(softmax, hand_computed)
{
    evaluation e = evaluate_line("softmax outer=1 axis=3 inner=2", CAKE_STANDARD, 1);
    evaluation f = evaluate_line("softmax outer=1 axis=3 inner=2 log=1", CAKE_STANDARD, 1);
    const double x[] = {log(1), 1000, log(2), 1000, log(5), -1000};

    set_values(&e, "x", x, 6);
    set_values(&f, "x", x, 6);
    evaluate_again(&e);
    evaluate_again(&f);
    for (int i = 0; i < 3; i++) {
        const double first[] = {1 / 8., 2 / 8., 5 / 8.}, second[] = {0.5, 0.5, 0};

        cr_assert_float_eq(e.expected[0][2 * i].value, first[i], 1e-15);
        cr_assert_float_eq(e.expected[0][2 * i + 1].value, second[i], 1e-15);
        cr_assert_float_eq(f.expected[0][2 * i].value, log(first[i]), 1e-15);
    }
    cr_assert_float_eq(f.expected[0][5].value, -2000 - log(2), 1e-12);
    evaluation_free(&e);
    evaluation_free(&f);
}

Test(softmax, holds_and_catches)
{
    check_against_naive((const char *[]){"softmax outer=3 axis=17 inner=5", "softmax outer=7 axis=1000",
                                         "softmax outer=3 axis=5 inner=7 log=1", "softmax outer=2 axis=999 log=1",
                                         "softmax outer=2 axis=3 inner=99", NULL},
                        &naive_softmax, true);
}

Test(softmax, alone_on_its_axis_is_1)
{
    evaluation e = evaluate_line("softmax outer=3 axis=1 inner=2", CAKE_STANDARD, 1);
    cake_random random = {1};

    cr_assert_eq(e.expected[0][4].value, 1);
    cr_assert_eq(e.reference.op->influence(&e.reference, (cake_place){1, 4}, &random).tensor, -1);
    evaluation_free(&e);
}

Test(softmax, refuses)
{
    check_invalid_line("softmax outer=2000000000 axis=2000000000 inner=2", "smaller than 2^62 bytes, found 'x'");
}
