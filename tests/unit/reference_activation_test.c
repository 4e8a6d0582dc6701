#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

static void check_value(const char *line, double x, double y)
{
    evaluation e = evaluate_line(line, CAKE_STANDARD, 1);

    set_values(&e, "x", &x, 1);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, y, 1e-9, "%s: f(%g) is %.12g, not %.12g", line, x,
                       e.expected[0][0].value, y);
    evaluation_free(&e);
}

/* Phi(1) = 0.841344746, Phi(-2) = 0.022750132; sigmoid(1) = 0.731058579; tanh(0.5) = 0.462117157. */
Test(activation, published_values)
{
    check_value("activation kind=relu elements=1", -3, 0);
    check_value("activation kind=relu elements=1", 3, 3);
    check_value("activation kind=gelu elements=1", 1, 0.841344746069);
    check_value("activation kind=gelu elements=1", -2, -2 * 0.022750131948);
    check_value("activation kind=gelu_tanh elements=1", 1, 0.841191990607);
    check_value("activation kind=silu elements=1", 1, 0.731058578630);
    check_value("activation kind=sigmoid elements=1", 1, 0.731058578630);
    check_value("activation kind=sigmoid elements=1", -800, 0);
    check_value("activation kind=tanh elements=1", 0.5, 0.462117157260);
}

Test(activation, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"activation kind=gelu elements=5000", "activation kind=gelu_tanh elements=5000",
                         "activation kind=silu elements=5000", "activation kind=sigmoid elements=5000",
                         "activation kind=tanh elements=5000", NULL},
        &naive_activation, true);
    check_against_naive((const char *[]){"activation kind=relu elements=5000", NULL}, &naive_activation, true);
}

/* The two forms of gelu are up to 0.0005 apart: each must be rejected for the other. */
Test(activation, the_two_gelus_are_told_apart)
{
    evaluation e = evaluate_line("activation kind=gelu elements=1000", CAKE_STANDARD, 1);
    cake_activation *p = (cake_activation *)(uintptr_t)e.reference.params;

    p->kind = CAKE_ACTIVATION_GELU_TANH;
    cr_assert(naive_error(&e, &naive_activation, false) > 1);
    evaluation_free(&e);
}

Test(activation, refuses)
{
    check_invalid_line("activation kind=elu elements=1", "elu");
    check_invalid_line("activation kind=relu elements=0", "elements");
}
