#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

/* Position 1, base 100: pair 0 turns by 1, pair 1 by 1/10. */
Test(rope, hand_computed)
{
    evaluation e = evaluate_line("rope heads=1 len=2 head_dim=5 rotary_dim=4 base=100", CAKE_STANDARD, 1);
    evaluation f = evaluate_line("rope heads=1 len=2 head_dim=5 rotary_dim=4 base=100 style=half", CAKE_STANDARD, 1);
    const double x[] = {1, 2, 3, 4, 5, 1, 2, 3, 4, 5};
    const double y[] = {cos(1) - 2 * sin(1), 2 * cos(1) + sin(1), 3 * cos(.1) - 4 * sin(.1),
                        4 * cos(.1) + 3 * sin(.1), 5};
    const double z[] = {cos(1) - 3 * sin(1), 2 * cos(.1) - 4 * sin(.1), 3 * cos(1) + sin(1),
                        4 * cos(.1) + 2 * sin(.1), 5};

    set_values(&e, "x", x, 10);
    set_values(&f, "x", x, 10);
    evaluate_again(&e);
    evaluate_again(&f);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(e.expected[0][i].value, x[i]); /* position 0 does not turn */
        cr_assert_float_eq(e.expected[0][5 + i].value, y[i], 1e-14);
        cr_assert_float_eq(f.expected[0][5 + i].value, z[i], 1e-14);
    }
    evaluation_free(&e);
    evaluation_free(&f);
}

/* Angles that no formula gives, others for each sequence. */
Test(rope, turns_by_given_tables)
{
    evaluation e = evaluate_line("rope batch=2 heads=1 len=1 head_dim=5 rotary_dim=4 tables=1", CAKE_STANDARD, 1);
    const double y[] = {10 - 60, 20 + 30, 3 * 20 - 4 * 40, 4 * 20 + 3 * 40, 5};
    const double z[] = {1 - 2 * 5, 2 + 5, 3 * 2 - 4 * 7, 4 * 2 + 3 * 7, 5};

    set_values(&e, "x", (double[]){1, 2, 3, 4, 5, 1, 2, 3, 4, 5}, 10);
    set_values(&e, "cos", (double[]){10, 20, 1, 2}, 4);
    set_values(&e, "sin", (double[]){30, 40, 5, 7}, 4);
    evaluate_again(&e);
    for (int i = 0; i < 5; i++) {
        cr_expect_eq(e.expected[0][i].value, y[i]);
        cr_expect_eq(e.expected[0][5 + i].value, z[i]);
    }
    evaluation_free(&e);
}

Test(rope, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"rope batch=2 heads=3 len=17 head_dim=64", "rope heads=2 len=5 head_dim=10 style=half",
                         "rope heads=2 len=9 head_dim=11 rotary_dim=6 start=4000 style=half",
                         "rope heads=1 len=3 head_dim=128 base=500000",
                         "rope batch=2 heads=3 len=5 head_dim=12 tables=1",
                         "rope batch=2 heads=3 len=5 head_dim=11 rotary_dim=6 style=half tables=1", NULL},
        &naive_rope, true);
}

Test(rope, refuses)
{
    check_invalid_line("rope heads=1 len=1 head_dim=3",
                       "rotary_dim must be even and at most head_dim=3, found rotary_dim=3");
    check_invalid_line("rope heads=1 len=1 head_dim=4 rotary_dim=6", "found rotary_dim=6");
}
