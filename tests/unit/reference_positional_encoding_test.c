#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

/* The lecture's table for "I am a robot": d = 4, n = 100, to the places that it prints. */
Test(positional_encoding, the_lectures_table)
{
    const double table[4][4] = {
        {0, 1, 0, 1}, {0.84, 0.54, 0.10, 1.0}, {0.91, -0.42, 0.20, 0.98}, {0.14, -0.99, 0.30, 0.96}};
    evaluation add = evaluate_line("positional_encoding len=4 dim=4 base=100", CAKE_STANDARD, 1);
    evaluation multiply =
        evaluate_line("positional_encoding len=4 dim=4 base=100 combine=multiply", CAKE_STANDARD, 1);

    for (int i = 0; i < 16; i++) {
        tensor_values(&add, "x")[i] = 0;
        tensor_values(&multiply, "x")[i] = 2;
    }
    evaluate_again(&add);
    evaluate_again(&multiply);
    for (int i = 0; i < 16; i++) {
        cr_assert_float_eq(add.expected[0][i].value, table[i / 4][i % 4], 0.0056);
        cr_assert_float_eq(multiply.expected[0][i].value, 2 * add.expected[0][i].value, 1e-15);
    }
    cr_assert_float_eq(add.expected[0][6].value, sin(1 / 10.0), 1e-15); /* k = 1, i = 1: 1 / 100^(2/4) */
    evaluation_free(&add);
    evaluation_free(&multiply);
}

Test(positional_encoding, holds_and_catches)
{
    check_against_naive((const char *[]){"positional_encoding len=50 dim=7",
                                         "positional_encoding batch=3 len=5 dim=512",
                                         "positional_encoding len=9 dim=33 start=1000 combine=multiply", NULL},
                        &naive_positional_encoding, true);
}

Test(positional_encoding, another_base_or_position_is_rejected)
{
    evaluation e = evaluate_line("positional_encoding len=64 dim=32", CAKE_STANDARD, 1);
    cake_positional_encoding *p = (cake_positional_encoding *)(uintptr_t)e.reference.params;

    p->base = 9990;
    cr_assert(naive_error(&e, &naive_positional_encoding, false) > 1);
    p->base = 10000;
    p->start = 1;
    cr_assert(naive_error(&e, &naive_positional_encoding, false) > 1);
    p->start = 0;
    cr_assert(naive_error(&e, &naive_positional_encoding, false) <= 1);
    evaluation_free(&e);
}
