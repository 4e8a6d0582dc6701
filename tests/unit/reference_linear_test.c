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

/* c = sum over blocks of sign * a's or b's, in f32: rows x columns, each block `half` apart. */
typedef struct blocks {
    int sign[4]; /* of 11, 12, 21, 22 */
} blocks;

static float add_blocks(const blocks *b, const float *matrix, int64_t ld, int64_t row, int64_t rows, int64_t column,
                        int64_t columns)
{
    float sum = 0;

    for (int i = 0; i < 4; i++)
        sum += (float)b->sign[i] * matrix[(row + i / 2 * rows) * ld + column + i % 2 * columns];
    return sum;
}

/* y by one level of Strassen's algorithm in Winograd's form, in f32; even sizes. w is b transposed: blocks 12 and 21
 * change places. */
static float *strassen(const cake_linear *p, const float *x, const float *w)
{
    static const blocks left[] = {{{1, 0, 0, 0}}, {{0, 1, 0, 0}},   {{-1, 0, 1, 1}}, {{1, 0, -1, 0}},
                                  {{0, 0, 1, 1}}, {{1, 1, -1, -1}}, {{0, 0, 0, 1}}};
    static const blocks right[] = {{{1, 0, 0, 0}},  {{0, 1, 0, 0}}, {{1, 0, -1, 1}}, {{0, 0, -1, 1}},
                                   {{-1, 0, 1, 0}}, {{0, 0, 0, 1}}, {{-1, 1, 1, -1}}};
    static const int goals[][4] = {{0, 1, 2, 3},   {0, -1, -1, -1}, {1, 2, 3, -1},  {2, 3, -1, -1},
                                   {1, 3, -1, -1}, {1, -1, -1, -1}, {2, -1, -1, -1}};
    const int64_t rows = p->rows / 2, in = p->in / 2, out = p->out / 2;
    float *y = calloc((size_t)(p->rows * p->out), sizeof *y);

    for (int i = 0; i < 7; i++)
        for (int64_t r = 0; r < rows; r++)
            for (int64_t o = 0; o < out; o++) {
                float sum = 0;

                for (int64_t k = 0; k < in; k++)
                    sum += add_blocks(&left[i], x, p->in, r, rows, k, in) *
                           add_blocks(&right[i], w, p->in, o, out, k, in);
                for (int j = 0; j < 4 && goals[i][j] >= 0; j++)
                    y[(r + goals[i][j] / 2 * rows) * p->out + o + goals[i][j] % 2 * out] += sum;
            }
    return y;
}

Test(linear, fast_class_allows_strassen_and_no_more)
{
    const char *const workloads[] = {"linear rows=8 in=2 out=32", "linear rows=8 in=64 out=32",
                                     "linear rows=8 in=1000 out=32", "linear rows=8 in=4096 out=32"};

    for (int i = 0; i < 4; i++) {
        evaluation e = evaluate_line(workloads[i], CAKE_FAST, 3),
                   strict = evaluate_line(workloads[i], CAKE_STANDARD, 3);
        const cake_linear *p = e.workload.params;
        float *x = as_f32(&e, "x"), *w = as_f32(&e, "w"), *x16 = as_bf16(&e, "x"), *w16 = as_bf16(&e, "w");
        float *fast = strassen(p, x, w), *plain = kernel(p, x, w, p->in, false);
        float *half = kernel(p, x, w, p->in / 2, false), *low = kernel(p, x16, w16, p->in, false);

        cr_log_info(
            "linear fast in=%ld: Strassen %.3f bf16 %.1f half %.1f bounds; standard: Strassen %.3f plain %.3f",
            (long)p->in, worst_error(&e, 0, fast), worst_error(&e, 0, low), worst_error(&e, 0, half),
            worst_error(&strict, 0, fast), worst_error(&strict, 0, plain));
        cr_assert(!rejects(&e, 0, fast) && !rejects(&e, 0, plain));
        cr_assert(rejects(&e, 0, half) && rejects(&e, 0, low));
        cr_assert_gt(worst_error(&strict, 0, fast), 2 * worst_error(&e, 0, fast));
        free(x), free(w), free(x16), free(w16), free(fast), free(plain), free(half), free(low);
        evaluation_free(&e);
        evaluation_free(&strict);
    }
}

Test(linear, elements_agree_in_the_fast_class)
{
    evaluation e = evaluate_line("linear rows=13 in=37 out=11 bias=1", CAKE_FAST, 2);

    check_elements(&e, 500, false);
    evaluation_free(&e);
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
