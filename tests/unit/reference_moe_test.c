#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "naive_check.h"

/* silu(a) b of the expert whose w1 is (a, b), w2 c, on x. */
static double expert(double a, double b, double c, double x)
{
    return a * x / (1 + exp(-a * x)) * b * x * c;
}

/* Three experts on one feature; logits 1, 3, 2: the second and the third are chosen. */
Test(moe, hand_computed)
{
    const double w1[] = {1, 2, 3, 4, 5, 6}, w2[] = {7, 8, 9};
    const struct {
        const char *line;
        double g1, g2;
    } cases[] = {
        {"moe rows=1 model=1 ffn=1 experts=3 top_k=2", exp(1) / (1 + exp(1)), 1 / (1 + exp(1))},
        {"moe rows=1 model=1 ffn=1 experts=3 top_k=2 normalize=0", exp(3) / (exp(1) + exp(2) + exp(3)),
         exp(2) / (exp(1) + exp(2) + exp(3))},
        {"moe rows=1 model=1 ffn=1 experts=3 top_k=2 normalize=0 scoring=sigmoid route_scale=2.5",
         2.5 / (1 + exp(-3)), 2.5 / (1 + exp(-2))},
    };

    for (int i = 0; i < 3; i++) {
        evaluation e = evaluate_line(cases[i].line, CAKE_STANDARD, 1);

        set_values(&e, "x", (const double[]){1}, 1);
        set_values(&e, "gate", (const double[]){1, 3, 2}, 3);
        set_values(&e, "w1", w1, 6);
        set_values(&e, "w2", w2, 3);
        evaluate_again(&e);
        cr_assert_float_eq(e.expected[0][0].value,
                           cases[i].g1 * expert(3, 4, 8, 1) + cases[i].g2 * expert(5, 6, 9, 1), 1e-12,
                           "%s: found %.15g", cases[i].line, e.expected[0][0].value);
        cr_assert(e.expected[0][0].bound < 1e-4 * e.expected[0][0].value);
        evaluation_free(&e);
    }
}

Test(moe, shared_experts_get_every_row)
{
    evaluation e = evaluate_line("moe rows=1 model=1 ffn=1 experts=1 top_k=1 shared=2", CAKE_STANDARD, 1);

    set_values(&e, "x", (const double[]){1}, 1);
    set_values(&e, "w1", (const double[]){1, 2}, 2);
    set_values(&e, "w2", (const double[]){3}, 1);
    set_values(&e, "s1", (const double[]){1, 2, 3, 4}, 4);
    set_values(&e, "s2", (const double[]){5, 6}, 2);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, expert(1, 2, 3, 1) + expert(1, 3, 5, 1) + expert(2, 4, 6, 1), 1e-13);
    evaluation_free(&e);
}

/* Logits so near that rounding decides: the answers of both choices are within the bound; far apart, neither wrong
 * one. */
Test(moe, a_choice_within_rounding_may_go_either_way)
{
    evaluation e = evaluate_line("moe rows=1 model=1 ffn=1 experts=2 top_k=1", CAKE_STANDARD, 1);
    const double w1[] = {1, 1, 1, 1}, w2[] = {1, -1};
    double other;

    set_values(&e, "x", (const double[]){1}, 1);
    set_values(&e, "w1", w1, 4);
    set_values(&e, "w2", w2, 2);
    set_values(&e, "gate", (const double[]){1, 1 + 1e-8}, 2);
    evaluate_again(&e);
    other = -e.expected[0][0].value;
    cr_assert(other > 0 && e.expected[0][0].bound >= 2 * other);
    set_values(&e, "gate", (const double[]){1, 1.001}, 2);
    evaluate_again(&e);
    cr_assert(e.expected[0][0].bound < 1e-4);
    evaluation_free(&e);
}

/* Sigmoids of 20 and 25 are the same number in f32, although their logits are far apart; those of 2 and 3 are not. */
Test(moe, saturated_scores_are_near)
{
    evaluation e = evaluate_line("moe rows=1 model=1 ffn=1 experts=2 top_k=1 scoring=sigmoid", CAKE_STANDARD, 1);

    set_values(&e, "x", (const double[]){1}, 1);
    set_values(&e, "w1", (const double[]){1, 1, 1, 1}, 4);
    set_values(&e, "w2", (const double[]){1, -1}, 2);
    set_values(&e, "gate", (const double[]){20, 25}, 2);
    evaluate_again(&e);
    cr_assert(e.expected[0][0].bound >= 2 * fabs(e.expected[0][0].value));
    set_values(&e, "gate", (const double[]){2, 3}, 2);
    evaluate_again(&e);
    cr_assert(e.expected[0][0].bound < 1e-4);
    evaluation_free(&e);
}

Test(moe, holds_and_catches)
{
    check_against_naive((const char *[]){"moe rows=37 model=24 ffn=20 experts=8 top_k=2",
                                         "moe rows=13 model=16 ffn=12 experts=16 top_k=4 shared=2 scoring=sigmoid "
                                         "route_scale=2.5",
                                         "moe rows=5 model=10 ffn=6 experts=5 top_k=3 normalize=0",
                                         "moe rows=5 model=10 ffn=6 experts=5 top_k=5 normalize=0 scoring=sigmoid",
                                         "moe rows=16 model=128 ffn=96 experts=64 top_k=8 shared=1", NULL},
                        &naive_moe, true);
}

Test(moe, an_expert_too_few_is_rejected)
{
    evaluation e = evaluate_line("moe rows=16 model=32 ffn=16 experts=16 top_k=4", CAKE_STANDARD, 1);
    cake_moe *p = (cake_moe *)(uintptr_t)e.reference.params;

    p->top_k = 3;
    cr_assert(naive_error(&e, &naive_moe, false) > 1);
    evaluation_free(&e);
}

Test(moe, refuses)
{
    check_invalid_line("moe rows=1 model=1 ffn=1 experts=3 top_k=4", "top_k must be at most experts=3");
}

Test(moe, cost)
{
    evaluation e = evaluate_line("moe rows=3 model=8 ffn=4 experts=16 top_k=2 shared=1", CAKE_STANDARD, 1);

    cr_assert_eq(e.reference.op->flops(e.reference.params), 3 * (2 * 8 * 16 + 3 * 6 * 8 * 4));
    /* 6 of the 16 experts and the shared one */
    cr_assert_eq(cake_op_bytes(e.reference.op, e.reference.params, CAKE_F32), 4 * (2 * 24 + 16 * 8 + 7 * 3 * 32));
    evaluation_free(&e);
}
