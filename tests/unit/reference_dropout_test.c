#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"
#include "reference/internal.h"

/* The known answers that come with the paper's library. */
Test(dropout, philox_known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };

    for (int i = 0; i < 3; i++) {
        uint32_t word[4];

        cake_philox(known[i].counter, known[i].key, word);
        for (int w = 0; w < 4; w++)
            cr_assert_eq(word[w], known[i].word[w]);
    }
}

Test(dropout, drops_the_share_and_scales_the_rest)
{
    evaluation e = evaluate_line("dropout elements=40000 p=0.25 seed=7", CAKE_STANDARD, 1);
    const double *x = tensor_values(&e, "x");
    int dropped = 0;

    for (int i = 0; i < 40000; i++)
        if (e.expected[0][i].value == 0 && e.expected[0][i].bound == 0)
            dropped++;
        else
            cr_assert_float_eq(e.expected[0][i].value, x[i] / 0.75, 1e-15);
    cr_assert(dropped > 9700 && dropped < 10300, "dropped %d", dropped); /* 10000 +- 3.4 deviations */
    evaluation_free(&e);
}

Test(dropout, another_seed_is_another_mask)
{
    evaluation e = evaluate_line("dropout elements=1000 seed=7", CAKE_STANDARD, 1);
    cake_dropout *p = (cake_dropout *)(uintptr_t)e.reference.params;

    p->seed = 8;
    cr_assert(naive_error(&e, &naive_dropout, false) > 1);
    evaluation_free(&e);
}

Test(dropout, inference_is_the_identity)
{
    evaluation e = evaluate_line("dropout elements=100 training=0", CAKE_STANDARD, 1);

    for (int i = 0; i < 100; i++) {
        cr_assert_eq(e.expected[0][i].value, tensor_values(&e, "x")[i]);
        cr_assert_eq(e.expected[0][i].bound, 0);
    }
    evaluation_free(&e);
}

Test(dropout, holds_and_catches)
{
    check_against_naive((const char *[]){"dropout elements=5001 p=0.1",
                                         "dropout elements=5001 p=0.9 seed=12345678901",
                                         "dropout elements=77 training=0", "dropout elements=999 p=0.5", NULL},
                        &naive_dropout, true);
}
