#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "naive_check.h"

#define ATTENTION(...) ((cake_attention){.struct_size = sizeof(cake_attention), __VA_ARGS__})

static void set(evaluation *e, const char *name, const double *values, size_t count)
{
    memcpy(tensor_values(e, name), values, count * sizeof *values);
}

Test(attention, hand_computed)
{
    /* One query, two keys with scores ln 3 and 0: weights 3/4 and 1/4. */
    cake_attention p =
        ATTENTION(.batch = 1, .heads = 1, .q_len = 1, .kv_len = 2, .head_dim = 2, .v_dim = 3, .scale = 1);
    evaluation e = evaluate("attention", &p, CAKE_STANDARD, 1);

    set(&e, "q", (double[]){log(3), 5}, 2);
    set(&e, "k", (double[]){1, 0, 0, 0}, 4);
    set(&e, "v", (double[]){4, 0, 1, 8, 4, 1}, 6);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, 5, 1e-14);
    cr_assert_float_eq(e.expected[0][1].value, 1, 1e-14);
    cr_assert_float_eq(e.expected[0][2].value, 1, 1e-14);
    evaluation_free(&e);
}

Test(attention, defaults_are_filled_in)
{
    cake_attention p = ATTENTION(.batch = 1, .heads = 6, .q_len = 5, .head_dim = 16);
    cake_error error;

    cr_assert_eq(cake_op_find("attention")->validate(&p, &error), CAKE_OK);
    cr_assert(p.kv_heads == 6 && p.kv_len == 5 && p.v_dim == 16 && p.scale == 0.25);
}

/* With q = 0 every key that is seen weighs the same: y is the mean of their values. */
static void check_uniform(int32_t causal, int64_t q_len, int64_t kv_len, const int64_t *seen)
{
    cake_attention p = ATTENTION(.batch = 2, .heads = 4, .kv_heads = 2, .q_len = q_len, .kv_len = kv_len,
                                 .head_dim = 3, .v_dim = 2, .causal = causal);
    evaluation e = evaluate("attention", &p, CAKE_STANDARD, 5);
    const double *v = tensor_values(&e, "v");

    memset(tensor_values(&e, "q"), 0, sizeof(double) * (size_t)(2 * 4 * q_len * 3));
    evaluate_again(&e);
    for (int64_t b = 0; b < 2; b++)
        for (int64_t h = 0; h < 4; h++)
            for (int64_t i = 0; i < q_len; i++)
                for (int64_t c = 0; c < 2; c++) {
                    double mean = 0, found = e.expected[0][((b * 4 + h) * q_len + i) * 2 + c].value;

                    for (int64_t j = 0; j < seen[i]; j++)
                        mean += v[((b * 2 + h / 2) * kv_len + j) * 2 + c] / (double)seen[i];
                    cr_assert_float_eq(found, mean, 1e-14, "causal %d batch %ld head %ld query %ld: %g, mean %g",
                                       causal, (long)b, (long)h, (long)i, found, mean);
                }
    evaluation_free(&e);
}

Test(attention, equal_scores_give_the_mean_of_what_is_seen)
{
    check_uniform(CAKE_CAUSAL_NO, 3, 5, (int64_t[]){5, 5, 5});
    check_uniform(CAKE_CAUSAL_UPPER_LEFT, 4, 3, (int64_t[]){1, 2, 3, 3});
    check_uniform(CAKE_CAUSAL_UPPER_LEFT, 2, 5, (int64_t[]){1, 2});
    check_uniform(CAKE_CAUSAL_LOWER_RIGHT, 3, 5, (int64_t[]){3, 4, 5});
    check_uniform(CAKE_CAUSAL_LOWER_RIGHT, 3, 3, (int64_t[]){1, 2, 3});
}

Test(attention, masked_keys_are_not_seen)
{
    cake_attention p = ATTENTION(.batch = 1, .heads = 1, .q_len = 2, .kv_len = 3, .head_dim = 1, .mask = 1);
    evaluation e = evaluate("attention", &p, CAKE_STANDARD, 1);

    set(&e, "q", (double[]){0, 0}, 2);
    set(&e, "v", (double[]){1, 2, 9}, 3);
    set(&e, "mask", (double[]){-INFINITY, log(3), 0, -INFINITY, -INFINITY, -INFINITY}, 6);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, (3 * 2 + 9) / 4.0, 1e-14);
    cr_assert_eq(e.expected[0][1].value, 0); /* sees nothing */
    cr_assert(isfinite(e.expected[0][0].bound) && e.expected[0][0].bound < 1e-4);
    evaluation_free(&e);
}

/* Products 6 and 0, a mask of ln 3 on the second key, a cap of 2. */
Test(attention, cap_and_mask_in_either_order)
{
    const double capped = 2 * tanh(3), both = 2 * tanh(log(3) / 2);
    const struct {
        const char *keys;
        double first, second; /* shown scores */
    } table[] = {
        {"scores=products", 6, 0},
        {"scores=step1", capped, 0},
        {"scores=step2", capped, log(3)},
        {"scores=weights", exp(capped) / (exp(capped) + 3), 3 / (exp(capped) + 3)},
        {"mask_first=1 scores=step1", 6, log(3)},
        {"mask_first=1 scores=step2", capped, both},
        {"mask_first=1 scores=weights", exp(capped) / (exp(capped) + exp(both)),
         exp(both) / (exp(capped) + exp(both))},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool mask_first = strstr(table[i].keys, "mask_first") != NULL;
        double a = exp(capped), b = mask_first ? exp(both) : 3;
        char line[256];
        evaluation e;

        snprintf(line, sizeof line, "attention heads=1 q_len=1 kv_len=2 head_dim=1 scale=1 mask=1 softcap=2 %s",
                 table[i].keys);
        e = evaluate_line(line, CAKE_STANDARD, 1);
        set_values(&e, "q", (double[]){2}, 1);
        set_values(&e, "k", (double[]){3, 0}, 2);
        set_values(&e, "v", (double[]){1, 5}, 2);
        set_values(&e, "mask", (double[]){0, log(3)}, 2);
        evaluate_again(&e);
        cr_expect_float_eq(e.expected[0][0].value, (a + 5 * b) / (a + b), 1e-14, "%s", line);
        cr_expect_float_eq(e.expected[1][0].value, table[i].first, 1e-14, "%s", line);
        cr_expect_float_eq(e.expected[1][1].value, table[i].second, 1e-14, "%s", line);
        evaluation_free(&e);
    }
}

/* A mask of -infinity hides a key if it is added last, and makes -softcap of it if the cap is. */
Test(attention, the_order_decides_what_a_mask_hides)
{
    for (int mask_first = 0; mask_first < 2; mask_first++) {
        char line[256];
        evaluation e;

        snprintf(line, sizeof line,
                 "attention heads=1 q_len=1 kv_len=2 head_dim=1 mask=1 softcap=1 scores=step2 mask_first=%d",
                 mask_first);
        e = evaluate_line(line, CAKE_STANDARD, 1);
        set_values(&e, "q", (double[]){0}, 1);
        set_values(&e, "v", (double[]){0, 1}, 2);
        set_values(&e, "mask", (double[]){0, -INFINITY}, 2);
        evaluate_again(&e);
        cr_expect_eq(e.expected[1][1].value, mask_first ? -1 : -INFINITY);
        cr_expect_float_eq(e.expected[0][0].value, mask_first ? 1 / (1 + exp(1)) : 0, 1e-14);
        cr_expect(isfinite(e.expected[0][0].bound));
        evaluation_free(&e);
    }
}

Test(attention, elements_agree)
{
    cake_attention some[] = {
        ATTENTION(.batch = 2, .heads = 6, .kv_heads = 2, .q_len = 7, .kv_len = 13, .head_dim = 5, .v_dim = 3,
                  .mask = 1),
        ATTENTION(.batch = 1, .heads = 3, .kv_heads = 1, .q_len = 37, .head_dim = 9,
                  .causal = CAKE_CAUSAL_UPPER_LEFT),
        ATTENTION(.batch = 1, .heads = 2, .q_len = 5, .kv_len = 11, .head_dim = 4, .mask = 1,
                  .causal = CAKE_CAUSAL_LOWER_RIGHT),
        ATTENTION(.batch = 1, .heads = 1, .q_len = 1, .kv_len = 40, .head_dim = 8, .scale = 3),
    };

    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        evaluation e = evaluate("attention", &some[i], CAKE_STANDARD, 7);

        check_elements(&e, 400, true);
        evaluation_free(&e);
    }
}

/* A naive kernel in f32, with what may go wrong. Heads are not shared. */
typedef struct misdeeds {
    float scale;      /* times the right one */
    int64_t shift;    /* of the causal limit */
    int64_t skip;     /* a key that is left out; -1: none */
    bool online;      /* one pass with a running maximum, keys from the last to the first */
    bool base2;       /* exp by exp2 of scores times log2 e */
    bool low_weights; /* rounded to bf16 */
} misdeeds;

static float bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float *kernel(const cake_attention *p, const float *q, const float *k, const float *v, misdeeds m)
{
    float *y = calloc((size_t)(p->batch * p->heads * p->q_len * p->v_dim), sizeof *y);
    float log2e = m.base2 ? 1.44269504f : 1;

    for (int64_t row = 0; row < p->batch * p->heads * p->q_len; row++) {
        int64_t head = row / p->q_len, i = row % p->q_len, seen = p->kv_len;
        float max = -INFINITY, sum = 0, *out = y + row * p->v_dim;

        if (p->causal == CAKE_CAUSAL_LOWER_RIGHT)
            seen = i + 1 + p->kv_len - p->q_len + m.shift;
        seen = seen > p->kv_len ? p->kv_len : seen;
        for (int64_t n = 0; n < seen; n++) {
            int64_t j = m.online ? seen - 1 - n : n;
            float s = 0, old = max, weight;

            if (j == m.skip)
                continue;
            for (int64_t d = 0; d < p->head_dim; d++)
                s += q[row * p->head_dim + d] * k[(head * p->kv_len + j) * p->head_dim + d];
            s *= (float)p->scale * m.scale * log2e;
            max = m.online ? fmaxf(max, s) : 0;
            weight = m.base2 ? exp2f(s - max) : expf(s - max);
            weight = m.low_weights ? bf16(weight) : weight;
            if (m.online && max > old && old > -INFINITY) {
                float less = m.base2 ? exp2f(old - max) : expf(old - max);

                sum *= less;
                for (int64_t c = 0; c < p->v_dim; c++)
                    out[c] *= less;
            }
            sum += weight;
            for (int64_t c = 0; c < p->v_dim; c++)
                out[c] += weight * v[(head * p->kv_len + j) * p->v_dim + c];
        }
        for (int64_t c = 0; c < p->v_dim; c++)
            out[c] /= sum;
    }
    return y;
}

/* The error of a kernel in bounds. */
static double error_of(evaluation *e, const cake_attention *p, bool low, misdeeds m)
{
    float *q = low ? as_bf16(e, "q") : as_f32(e, "q"), *k = low ? as_bf16(e, "k") : as_f32(e, "k");
    float *v = as_f32(e, "v"), *y = kernel(p, q, k, v, m);
    double worst = worst_error(e, 0, y);

    free(q), free(k), free(v), free(y);
    return worst;
}

Test(attention, bound_accepts_right_kernels_and_rejects_misdeeds)
{
    cake_attention some[] = {
        ATTENTION(.batch = 1, .heads = 2, .q_len = 128, .head_dim = 64),
        ATTENTION(.batch = 1, .heads = 2, .q_len = 128, .head_dim = 64, .causal = CAKE_CAUSAL_LOWER_RIGHT),
        ATTENTION(.batch = 1, .heads = 1, .q_len = 32, .kv_len = 2048, .head_dim = 128,
                  .causal = CAKE_CAUSAL_LOWER_RIGHT),
        ATTENTION(.batch = 1, .heads = 4, .q_len = 1, .kv_len = 8192, .head_dim = 64),
        ATTENTION(.batch = 1, .heads = 2, .q_len = 64, .head_dim = 64, .scale = 2), /* scores beyond +-20 */
        ATTENTION(.batch = 1, .heads = 2, .q_len = 8, .head_dim = 1),
    };

    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        cake_attention *p = &some[i];
        evaluation e = evaluate("attention", p, CAKE_STANDARD, 3);
        const misdeeds right = {.scale = 1, .skip = -1};
        misdeeds m = right;
        double plain = error_of(&e, p, false, m), online, base2, low, wrong_scale, skip, shift, weights;
        float *zeros = calloc((size_t)e.count[0], sizeof *zeros);

        m.online = true, online = error_of(&e, p, false, m);
        m.base2 = true, base2 = error_of(&e, p, false, m);
        m = right, low = error_of(&e, p, true, m);
        m = right, m.scale = 1.0005f, wrong_scale = error_of(&e, p, false, m);
        m = right, m.skip = 0, skip = error_of(&e, p, false, m);
        m = right, m.shift = -1, shift = error_of(&e, p, false, m);
        m = right, m.low_weights = true, weights = error_of(&e, p, false, m);
        cr_log_info("attention %zu: plain %.3f online %.3f base 2 %.3f; bf16 %.0f bf16 weights %.1f scale %.0f "
                    "skipped key %.0f causal %.0f bounds",
                    i, plain, online, base2, low, weights, wrong_scale, skip, shift);
        cr_assert(plain <= 1 && online <= 1 && base2 <= 1);
        cr_assert(low > 1 && skip > 1 && wrong_scale > 1 && weights > 1);
        cr_assert(p->causal == CAKE_CAUSAL_NO || shift > 1);
        cr_assert(rejects(&e, 0, zeros));
        free(zeros);
        evaluation_free(&e);
    }
}

Test(attention, holds_and_catches)
{
    check_against_naive(
        (const char *[]){"attention batch=2 heads=6 kv_heads=2 q_len=7 kv_len=13 head_dim=5 v_dim=3 mask=1",
                         "attention heads=3 kv_heads=1 q_len=37 head_dim=9 causal=upper_left",
                         "attention heads=2 q_len=5 kv_len=11 head_dim=4 mask=1 causal=lower_right",
                         "attention heads=4 kv_heads=2 q_len=7 kv_len=9 head_dim=6 softcap=3 scores=products",
                         "attention heads=2 q_len=5 kv_len=11 head_dim=4 mask=1 softcap=2 scores=step1",
                         "attention heads=2 q_len=5 kv_len=11 head_dim=4 mask=1 softcap=2 scores=step2",
                         "attention heads=2 q_len=5 kv_len=11 head_dim=4 mask=1 softcap=2 mask_first=1 scores=step1",
                         "attention heads=2 q_len=5 kv_len=11 head_dim=4 mask=1 softcap=9 mask_first=1 scores=step2",
                         "attention batch=2 heads=2 q_len=5 kv_len=7 head_dim=4 mask=1 scores=weights", NULL},
        &naive_attention, true);
}

Test(attention, flops_count_what_is_seen)
{
    const cake_op *op = cake_op_find("attention");
    cake_attention all = ATTENTION(.batch = 2, .heads = 3, .kv_heads = 1, .q_len = 4, .kv_len = 6, .head_dim = 5,
                                   .v_dim = 7, .scale = 1);
    cake_attention left = all, right = all, long_q = all;

    left.causal = long_q.causal = CAKE_CAUSAL_UPPER_LEFT;
    right.causal = CAKE_CAUSAL_LOWER_RIGHT;
    long_q.q_len = 9;
    cr_assert_eq(op->flops(&all), 2 * 6 * 12 * (4 * 6));
    cr_assert_eq(op->flops(&left), 2 * 6 * 12 * (1 + 2 + 3 + 4));
    cr_assert_eq(op->flops(&right), 2 * 6 * 12 * (3 + 4 + 5 + 6));
    cr_assert_eq(op->flops(&long_q), 2 * 6 * 12 * (1 + 2 + 3 + 4 + 5 + 6 * 4));
}

Test(attention, refuses)
{
    cake_attention odd = ATTENTION(.batch = 1, .heads = 6, .kv_heads = 4, .q_len = 1, .head_dim = 1);
    cake_attention none =
        ATTENTION(.batch = 1, .heads = 1, .q_len = 5, .kv_len = 4, .head_dim = 1, .causal = CAKE_CAUSAL_LOWER_RIGHT);
    cake_attention large = ATTENTION(.batch = INT32_MAX, .heads = INT32_MAX, .q_len = 1, .head_dim = 8);

    check_invalid_line("attention heads=1 q_len=2 head_dim=1 causal=upper_left scores=weights", "need causal=no");
    check_invalid("attention", &odd, "kv_heads must divide heads=6, found kv_heads=4");
    check_invalid("attention", &none, "needs kv_len >= q_len=5");
    check_invalid("attention", &large, "smaller than 2^62 bytes, found 'q'");
}
