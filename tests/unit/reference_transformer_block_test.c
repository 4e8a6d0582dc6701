#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "naive_check.h"

/* Without attention and network (wo = w2 = 0) a pre-norm block is the identity and a post-norm one its norms. */
Test(transformer_block, residual_connections)
{
    evaluation pre = evaluate_line("transformer_block len=3 model=4 heads=2 ffn=8 norm=pre", CAKE_STANDARD, 1);
    evaluation post = evaluate_line("transformer_block len=1 model=2 heads=1 ffn=8 eps=0", CAKE_STANDARD, 1);
    double zeros[32] = {0};

    set_values(&pre, "wo", zeros, 16);
    set_values(&pre, "w2", zeros, 32);
    evaluate_again(&pre);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(pre.expected[0][i].value, tensor_values(&pre, "x")[i], 1e-15);
    set_values(&post, "x", (const double[]){3, 7}, 2);
    set_values(&post, "wo", zeros, 4);
    set_values(&post, "w2", zeros, 16);
    set_values(&post, "scale1", (const double[]){1, 4}, 2);
    set_values(&post, "shift1", (const double[]){0, 1}, 2);
    set_values(&post, "scale2", (const double[]){1, 2}, 2);
    set_values(&post, "shift2", (const double[]){0.5, 0.25}, 2);
    evaluate_again(&post);
    cr_assert_float_eq(post.expected[0][0].value, -1 + 0.5, 1e-14); /* norm1: -1, 5; norm2 of it: -1, 1 */
    cr_assert_float_eq(post.expected[0][1].value, 2 + 0.25, 1e-14);
    evaluation_free(&pre);
    evaluation_free(&post);
}

Test(transformer_block, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"transformer_block batch=2 len=11 model=24 heads=4 ffn=48 bias=1",
                         "transformer_block len=9 model=16 heads=4 kv_heads=2 ffn=40 norm=pre norm_kind=rms "
                         "ffn_kind=swiglu rotary=half causal=upper_left",
                         "transformer_block len=7 model=12 heads=2 ffn=20 norm=pre ffn_kind=gelu_tanh bias=1 "
                         "rotary=interleaved causal=lower_right",
                         "transformer_block len=5 model=12 heads=2 head_dim=10 ffn=20 norm_kind=rms ffn_kind=relu",
                         "transformer_block len=32 model=128 heads=4 ffn=512 norm=pre", NULL},
        &naive_transformer_block, true);
}

/* A kernel that forgets one thing must not pass. */
Test(transformer_block, misdeeds_are_rejected)
{
    evaluation e = evaluate_line("transformer_block len=32 model=64 heads=4 ffn=128 norm=pre rotary=half "
                                 "causal=upper_left",
                                 CAKE_STANDARD, 1);
    cake_transformer_block *p = (cake_transformer_block *)(uintptr_t)e.reference.params, right = *p;

    cr_assert(naive_error(&e, &naive_transformer_block, false) <= 1);
    p->causal = CAKE_CAUSAL_NO;
    cr_assert(naive_error(&e, &naive_transformer_block, false) > 1);
    *p = right, p->rotary = CAKE_ROTARY_INTERLEAVED;
    cr_assert(naive_error(&e, &naive_transformer_block, false) > 1);
    *p = right, p->ffn_kind = CAKE_FFN_GELU_TANH;
    cr_assert(naive_error(&e, &naive_transformer_block, false) > 1);
    *p = right;
    evaluation_free(&e);
}

Test(transformer_block, refuses)
{
    check_invalid_line("transformer_block len=1 model=6 heads=2 ffn=1 rotary=half", "rotary needs an even head_dim");
    check_invalid_line("transformer_block len=1 model=6 heads=4 ffn=1", "heads must divide model=6");
}
