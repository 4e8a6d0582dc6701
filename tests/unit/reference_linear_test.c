#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "reference_check.h"

Test(linear, hand_computed)
{
    evaluation e = evaluate_line("linear rows=2 in=3 out=2 bias=1", CAKE_STANDARD, 1);
    const double y[] = {8, 32, 5, 26};

    set_values(&e, "x", (double[]){1, 2, 3, -1, 0, 4}, 6);
    set_values(&e, "w", (double[]){1, 0, -1, 2, 2, 2}, 6);
    set_values(&e, "b", (double[]){10, 20}, 2);
    evaluate_again(&e);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(e.expected[0][i].value, y[i]);
    /* c(4) u (|1| + |-3| + |10|) and the output's own rounding */
    cr_assert_float_eq(e.expected[0][0].bound, 0x1p-24 * (8 * 14 + 8), 1e-12);
    evaluation_free(&e);
}

Test(linear, elements_agree)
{
    evaluation e = evaluate_line("linear rows=13 in=37 out=11 bias=1", CAKE_STANDARD, 2);

    check_elements(&e, 1000, true);
    evaluation_free(&e);
}

/* y with every sum from `begin` to `end` of the features, in steps of `step`. */
static float *kernel(const cake_linear *p, const float *x, const float *w, int64_t count, bool reverse)
{
    float *y = calloc((size_t)(p->rows * p->out), sizeof *y);

    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t o = 0; o < p->out; o++) {
            float sum = 0;

            for (int64_t i = 0; i < count; i++) {
                const int64_t k = reverse ? count - 1 - i : i;

                sum += x[r * p->in + k] * w[o * p->in + k];
            }
            y[r * p->out + o] = sum;
        }
    return y;
}

Test(linear, bound_accepts_every_order_and_rejects_misdeeds)
{
    const char *const workloads[] = {"linear rows=8 in=1 out=32", "linear rows=8 in=64 out=32",
                                     "linear rows=8 in=1000 out=32", "linear rows=8 in=4096 out=32",
                                     "linear rows=8 in=25088 out=32"};

    for (int i = 0; i < 5; i++) {
        evaluation e = evaluate_line(workloads[i], CAKE_STANDARD, 3);
        const cake_linear *p = e.workload.params;
        float *x = as_f32(&e, "x"), *w = as_f32(&e, "w"), *x16 = as_bf16(&e, "x"), *w16 = as_bf16(&e, "w");
        float *forward = kernel(p, x, w, p->in, false), *backward = kernel(p, x, w, p->in, true);
        float *half = kernel(p, x, w, p->in / 2, false), *low = kernel(p, x16, w16, p->in, false);
        float *zeros = kernel(p, x, w, 0, false);

        cr_assert(!rejects(&e, 0, forward));
        cr_assert(!rejects(&e, 0, backward));
        cr_assert(rejects(&e, 0, half));
        cr_assert(rejects(&e, 0, low), "bf16 passes with %ld features", (long)p->in);
        cr_assert(rejects(&e, 0, zeros));
        cr_log_info("linear in=%ld: forward %.3f backward %.3f bf16 %.1f half %.1f bounds", (long)p->in,
                    worst_error(&e, 0, forward), worst_error(&e, 0, backward), worst_error(&e, 0, low),
                    worst_error(&e, 0, half));
        free(x), free(w), free(x16), free(w16), free(forward), free(backward), free(half), free(low), free(zeros);
        evaluation_free(&e);
    }
}

Test(linear, whole_numbers_are_exact_until_f32_overflows_its_significand)
{
    evaluation e = evaluate_line("linear in=4096 out=1", CAKE_EXACT, 1);
    cake_workload large = parse("linear in=1048576 out=1");

    cr_assert(e.workload.op->exact_on_integers(e.workload.params));
    cr_assert_not(large.op->exact_on_integers(large.params));
    cr_assert_eq(e.expected[0][0].bound, 0);
    cake_workload_free(&large);
    evaluation_free(&e);
}

Test(linear, cost)
{
    cake_workload w = parse("linear rows=3 in=5 out=7 bias=1");

    cr_assert_eq(w.op->flops(w.params), 3 * 7 * 11);
    cr_assert_eq(cake_op_bytes(w.op, w.params, CAKE_F32), 4 * (15 + 35 + 7 + 21));
    cake_workload_free(&w);
}

Test(linear, refuses_what_overflows)
{
    check_invalid_line("linear rows=2147483647 in=2147483647 out=1", "smaller than 2^62 bytes, found 'x'");
}

Test(linear, survives_what_is_not_finite)
{
    evaluation e = evaluate_line("linear rows=2 in=3 out=2", CAKE_STANDARD, 1);

    tensor_values(&e, "x")[0] = NAN;
    tensor_values(&e, "x")[3] = INFINITY;
    evaluate_again(&e);
    cr_assert(isnan(e.expected[0][0].value));
    cr_assert(isinf(e.expected[0][2].value));
    for (int i = 0; i < 4; i++)
        cr_assert_eq(e.expected[0][i].bound, 0);
    evaluation_free(&e);
}
