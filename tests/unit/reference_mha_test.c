#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

/* Identity projections and one head: plain attention of x with itself. */
Test(mha, identity_projections_are_plain_attention)
{
    evaluation e = evaluate_line("mha q_len=4 model=3 heads=1", CAKE_STANDARD, 1);
    evaluation f = evaluate_line("attention heads=1 q_len=4 head_dim=3", CAKE_STANDARD, 1);
    const char *const inputs[] = {"q", "k", "v"}, *const weights[] = {"wq", "wk", "wv", "wo"};
    const double identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    for (int i = 0; i < 4; i++)
        set_values(&e, weights[i], identity, 9);
    for (int i = 0; i < 3; i++)
        set_values(&f, inputs[i], tensor_values(&e, "x"), 12);
    evaluate_again(&e);
    evaluate_again(&f);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(e.expected[0][i].value, f.expected[0][i].value, 1e-14);
    evaluation_free(&e);
    evaluation_free(&f);
}

/* With wq = 0 all keys weigh the same: y is the mean of memory, through wv and wo. */
Test(mha, equal_scores_give_the_mean_of_memory)
{
    evaluation e = evaluate_line("mha q_len=1 cross=1 kv_len=2 model=2 heads=2 bias=1", CAKE_STANDARD, 1);

    set_values(&e, "memory", (const double[]){1, 2, 3, 6}, 4);
    set_values(&e, "wq", (const double[]){0, 0, 0, 0}, 4);
    set_values(&e, "bq", (const double[]){0, 0}, 2);
    set_values(&e, "wv", (const double[]){1, 0, 0, 1}, 4);
    set_values(&e, "bv", (const double[]){0, 0.5}, 2);
    set_values(&e, "wo", (const double[]){1, 1, 1, -1}, 4);
    set_values(&e, "bo", (const double[]){10, 20}, 2);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, 2 + 4.5 + 10, 1e-14);
    cr_assert_float_eq(e.expected[0][1].value, 2 - 4.5 + 20, 1e-14);
    evaluation_free(&e);
}

Test(mha, holds_and_catches)
{
    check_against_naive((const char *[]){"mha batch=2 q_len=11 model=24 heads=4 kv_heads=2 bias=1",
                                         "mha q_len=9 model=10 heads=3 head_dim=5 causal=upper_left",
                                         "mha batch=2 q_len=3 kv_len=13 cross=1 model=16 heads=2 causal=lower_right",
                                         "mha q_len=64 model=128 heads=4", NULL},
                        &naive_mha, true);
}

Test(mha, refuses)
{
    check_invalid_line("mha q_len=3 kv_len=4 model=4 heads=2", "kv_len is for cross=1");
    check_invalid_line("mha q_len=3 model=4 heads=3", "heads must divide model=4");
    check_invalid_line("mha q_len=3 model=4 heads=4 kv_heads=3", "kv_heads must divide heads=4");
    check_invalid_line("mha q_len=3 kv_len=2 cross=1 causal=lower_right model=4 heads=4", "needs kv_len >= q_len=3");
}

Test(mha, flops)
{
    evaluation e = evaluate_line("mha batch=2 q_len=3 model=8 heads=4 kv_heads=2", CAKE_STANDARD, 1);

    /* wq and wo 8 x 8, wk and wv 4 x 8, of 3 rows; two products of 4 heads of 2 over 9 pairs */
    cr_assert_eq(e.reference.op->flops(e.reference.params), 2 * (2 * 3 * (64 + 64 + 32 + 32) + 2 * 2 * 4 * 2 * 9));
    evaluation_free(&e);
}
