#include <criterion/criterion.h>
#include <math.h>

#include "naive_check.h"

/* Without attention and experts (wo = w2 = s2 = 0) the block is the identity. */
Test(deepseek_block, residual_connections)
{
    evaluation e = evaluate_line("deepseek_block len=3 model=4 heads=2 kv_lora=4 nope_dim=2 rope_dim=2 v_dim=2 ffn=2 "
                                 "experts=3 top_k=1",
                                 CAKE_STANDARD, 1);
    const double zeros[32] = {0};

    set_values(&e, "wo", zeros, 16);
    set_values(&e, "w2", zeros, 24);
    set_values(&e, "s2", zeros, 8);
    evaluate_again(&e);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(e.expected[0][i].value, tensor_values(&e, "x")[i], 1e-15);
    evaluation_free(&e);
}

Test(deepseek_block, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"deepseek_block batch=2 len=7 model=16 heads=2 q_lora=12 kv_lora=8 nope_dim=6 "
                         "rope_dim=4 v_dim=6 ffn=10 experts=8 top_k=2 route_scale=2.5",
                         "deepseek_block len=5 model=12 heads=3 kv_lora=8 nope_dim=6 rope_dim=4 v_dim=5 "
                         "ffn=10 experts=4 top_k=3 shared=0 scoring=softmax normalize=0",
                         "deepseek_block len=16 model=64 heads=4 q_lora=48 kv_lora=32 nope_dim=16 "
                         "rope_dim=8 v_dim=16 ffn=32 experts=16 top_k=4",
                         NULL},
        &naive_deepseek_block, true);
}

Test(deepseek_block, an_expert_too_few_is_rejected)
{
    evaluation e = evaluate_line("deepseek_block len=16 model=64 heads=4 q_lora=48 kv_lora=32 nope_dim=16 rope_dim=8 "
                                 "v_dim=16 ffn=32 experts=16 top_k=4",
                                 CAKE_STANDARD, 1);
    cake_deepseek_block *p = (cake_deepseek_block *)(uintptr_t)e.reference.params;

    p->top_k = 3;
    cr_assert(naive_error(&e, &naive_deepseek_block, false) > 1);
    evaluation_free(&e);
}

Test(deepseek_block, refuses)
{
    check_invalid_line("deepseek_block len=1 model=1 heads=1 kv_lora=1 nope_dim=1 rope_dim=2 v_dim=1 ffn=1 experts=1 "
                       "top_k=2",
                       "top_k must be at most experts=1");
}
