#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "naive_check.h"

/* One position sees itself only: y = wo wv rms_norm(a), whatever the queries are. */
Test(mla, alone_it_is_the_value)
{
    evaluation e =
        evaluate_line("mla len=1 model=2 heads=1 kv_lora=2 nope_dim=1 rope_dim=2 v_dim=1 eps=0", CAKE_STANDARD, 1);

    set_values(&e, "x", (const double[]){3, 4}, 2);
    set_values(&e, "wkv_a", (const double[]){1, 0, 0, 1, 9, 9, 9, 9}, 8); /* a = x */
    set_values(&e, "kv_norm", (const double[]){1, 2}, 2);
    set_values(&e, "wkv_b", (const double[]){5, 5, 1, 10}, 4); /* wk, then wv */
    set_values(&e, "wo", (const double[]){1, -1}, 2);
    evaluate_again(&e);
    /* rms of (3, 4) is sqrt(12.5) */
    cr_assert_float_eq(e.expected[0][0].value, (3 + 10 * 2 * 4) / sqrt(12.5), 1e-13);
    cr_assert_float_eq(e.expected[0][1].value, -(3 + 10 * 2 * 4) / sqrt(12.5), 1e-13);
    evaluation_free(&e);
}

/* With queries 0 every position weighs the same: y is the mean of the values, the cache's among them. */
Test(mla, equal_scores_give_the_mean_with_the_cache)
{
    evaluation e = evaluate_line("mla len=1 past=2 model=1 heads=1 kv_lora=1 nope_dim=1 rope_dim=2 v_dim=1 eps=0",
                                 CAKE_STANDARD, 1);

    set_values(&e, "x", (const double[]){7}, 1);
    set_values(&e, "cache", (const double[]){3, 0.5, 0.5, 8, 0.1, 0.9}, 6);
    set_values(&e, "wq_b", (const double[]){0, 0, 0}, 3);
    set_values(&e, "wkv_a", (const double[]){1, 1, 1}, 3);
    set_values(&e, "kv_norm", (const double[]){1}, 1);
    set_values(&e, "wkv_b", (const double[]){1, 2}, 2);
    set_values(&e, "wo", (const double[]){1}, 1);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, 2 * (3 + 8 + 1) / 3.0, 1e-13); /* rms_norm(7) = 1 */
    evaluation_free(&e);
}

/* Decoding with a cache of what prefill computed for the positions before gives prefill's last row. */
Test(mla, decoding_continues_prefill)
{
    evaluation all =
        evaluate_line("mla len=3 model=4 heads=2 q_lora=3 kv_lora=2 nope_dim=3 rope_dim=2 v_dim=2", CAKE_STANDARD, 1);
    evaluation last = evaluate_line(
        "mla len=1 past=2 model=4 heads=2 q_lora=3 kv_lora=2 nope_dim=3 rope_dim=2 v_dim=2", CAKE_STANDARD, 1);
    const double *x = tensor_values(&all, "x"), *w = tensor_values(&all, "wkv_a"),
                 *g = tensor_values(&all, "kv_norm");
    double *cache = tensor_values(&last, "cache");

    for (int t = 0; t < 2; t++) {
        double a[4] = {0}, square = 0;

        for (int i = 0; i < 16; i++)
            a[i / 4] += w[i] * x[t * 4 + i % 4];
        square = sqrt((a[0] * a[0] + a[1] * a[1]) / 2 + 1e-6);
        cache[t * 4] = g[0] * a[0] / square;
        cache[t * 4 + 1] = g[1] * a[1] / square;
        cache[t * 4 + 2] = a[2] * cos(t) - a[3] * sin(t);
        cache[t * 4 + 3] = a[3] * cos(t) + a[2] * sin(t);
    }
    set_values(&last, "x", x + 8, 4);
    for (int t = 2; t < 9; t++)
        memcpy(last.values[t], all.values[t - 1],
               sizeof(double) * (size_t)cake_spec_elements(&last.reference.tensors.tensor[t]));
    evaluate_again(&last);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(last.expected[0][i].value, all.expected[0][8 + i].value, 1e-13);
    evaluation_free(&all);
    evaluation_free(&last);
}

Test(mla, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"mla batch=2 len=11 model=24 heads=3 q_lora=10 kv_lora=12 nope_dim=8 rope_dim=4 v_dim=6",
                         "mla batch=2 len=3 past=17 model=16 heads=2 kv_lora=8 nope_dim=5 rope_dim=2 v_dim=7",
                         "mla len=1 past=100 model=64 heads=4 q_lora=48 kv_lora=32 nope_dim=16 rope_dim=8 v_dim=16",
                         "mla len=32 model=128 heads=4 q_lora=96 kv_lora=64 nope_dim=32 rope_dim=16 v_dim=32", NULL},
        &naive_mla, true);
}

Test(mla, refuses)
{
    check_invalid_line("mla len=1 model=1 heads=1 kv_lora=1 nope_dim=1 rope_dim=3 v_dim=1", "rope_dim must be even");
}

/* DeepSeek-V3's sizes: expanding is cheaper for a long prefill, absorbing for decoding. */
Test(mla, flops_are_of_the_cheaper_order)
{
    const cake_op *op = cake_op_find("mla");
    cake_mla p = {.struct_size = sizeof p,
                  .batch = 1,
                  .len = 1,
                  .past = 4095,
                  .model = 7168,
                  .heads = 128,
                  .q_lora = 1536,
                  .kv_lora = 512,
                  .nope_dim = 128,
                  .rope_dim = 64,
                  .v_dim = 128};
    double ends = 1536. * (7168 + 128 * 192) + 7168. * 576 + 128. * 128 * 7168;

    cr_assert_eq(op->flops(&p), 2 * (ends + 512. * 128 * 256 + 4096. * 128 * (2 * 512 + 64)));
    p.past = 0;
    p.len = 4096;
    cr_assert_eq(op->flops(&p), 2 * (4096 * ends + 4096. * 512 * 128 * 256 + 4096. * 4097 / 2 * 128 * 320));
}
