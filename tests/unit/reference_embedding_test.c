#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

Test(embedding, hand_computed)
{
    evaluation e = evaluate_line("embedding rows=3 vocab=2 dim=2", CAKE_STANDARD, 1);
    const double y[] = {3, 4, 1, 2, 3, 4};

    set_values(&e, "ids", (const double[]){1, 0, 1}, 3);
    set_values(&e, "table", (const double[]){1, 2, 3, 4}, 4);
    evaluate_again(&e);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(e.expected[0][i].value, y[i]);
        cr_assert_eq(e.expected[0][i].bound, 0);
    }
    evaluation_free(&e);
}

Test(embedding, an_id_beyond_the_table_reads_nothing)
{
    evaluation e = evaluate_line("embedding rows=4 vocab=2 dim=1", CAKE_STANDARD, 1);

    set_values(&e, "ids", (const double[]){2, -1, 1e300, NAN}, 4);
    evaluate_again(&e);
    for (int i = 0; i < 4; i++)
        cr_assert(isnan(e.expected[0][i].value));
    evaluation_free(&e);
}

Test(embedding, holds_and_catches)
{
    check_against_naive((const char *[]){"embedding rows=17 vocab=31 dim=13", NULL}, &naive_embedding, true);
}

Test(embedding, cost)
{
    evaluation e = evaluate_line("embedding rows=3 vocab=1000 dim=5", CAKE_STANDARD, 1);

    cr_assert_eq(cake_op_bytes(e.reference.op, e.reference.params, CAKE_F32), 3 * (4 + 2 * 5 * 4));
    evaluation_free(&e);
}
