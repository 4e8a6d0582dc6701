#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference_check.h"

/* Strides, paddings on four sides, dilations and groups that differ from each other; windows in the padding. */
static const char *const awkward[] = {
    "conv2d n=2 ic=3 ih=7 iw=9 oc=4 kh=3 kw=2 bias=1 stride_h=2 pad_t=2 pad_b=1 pad_r=1 dil_w=3",
    "conv2d ic=6 ih=5 iw=5 oc=4 kh=3 kw=3 groups=2 pad_t=1 pad_l=1 pad_r=2 stride_w=3",
    "conv2d n=3 ic=5 ih=6 iw=4 oc=10 kh=3 kw=1 groups=5 pad_h=3 dil_h=2 bias=1",
    "conv2d ic=1 ih=1 iw=1 oc=1 k=1 pad=1",
    "conv2d ic=70 ih=6 iw=7 oc=37 k=3 pad=1",
};
enum { AWKWARD = sizeof awkward / sizeof awkward[0] };

/* The definition, word by word. */
static double by_definition(const cake_conv2d *p, const double *x, const double *w, int64_t n, int64_t o, int64_t row,
                            int64_t column, double *magnitude)
{
    const int64_t channels = p->ic / p->groups, g = o / (p->oc / p->groups);
    double sum = *magnitude = 0;

    for (int64_t c = 0; c < channels; c++)
        for (int64_t r = 0; r < p->kh; r++)
            for (int64_t s = 0; s < p->kw; s++) {
                const int64_t i = row * p->stride_h - p->pad_t + r * p->dil_h;
                const int64_t j = column * p->stride_w - p->pad_l + s * p->dil_w;
                double product;

                if (i < 0 || i >= p->ih || j < 0 || j >= p->iw)
                    continue;
                product = x[((n * p->ic + g * channels + c) * p->ih + i) * p->iw + j] *
                          w[((o * channels + c) * p->kh + r) * p->kw + s];
                sum += product;
                *magnitude += fabs(product);
            }
    return sum;
}

Test(conv2d, equals_the_definition)
{
    for (int i = 0; i < AWKWARD; i++) {
        evaluation e = evaluate_line(awkward[i], CAKE_STANDARD, 10);
        const cake_conv2d *p = e.workload.params;
        const double *x = tensor_values(&e, "x"), *w = tensor_values(&e, "w");
        const double *b = p->bias ? tensor_values(&e, "b") : NULL;
        const double c = 2 * sqrt((double)(p->ic / p->groups * p->kh * p->kw + 1)) + 4;

        for (int64_t at = 0; at < e.count[0]; at++) {
            const int64_t o = at / p->ow / p->oh % p->oc;
            const cake_expected y = e.expected[0][at];
            double magnitude;
            double value =
                by_definition(p, x, w, at / p->ow / p->oh / p->oc, o, at / p->ow % p->oh, at % p->ow, &magnitude);

            value += b ? b[o] : 0;
            magnitude += b ? fabs(b[o]) : 0;
            cr_assert_float_eq(y.value, value, 1e-12);
            cr_assert_float_eq(y.bound, 0x1p-24 * (c * magnitude + fabs(value)), 1e-12);
        }
        evaluation_free(&e);
    }
}

Test(conv2d, elements_agree)
{
    for (int i = 0; i < AWKWARD; i++) {
        evaluation e = evaluate_line(awkward[i], CAKE_STANDARD, 11);

        check_elements(&e, 500, true);
        evaluation_free(&e);
    }
}

Test(conv2d, elements_agree_in_the_fast_class)
{
    const char *const workloads[] = {awkward[4], "conv2d n=2 ic=19 ih=9 iw=7 oc=11 kh=1 kw=1 stride=2 bias=1"};

    for (int i = 0; i < 2; i++) {
        evaluation e = evaluate_line(workloads[i], CAKE_FAST, 12);

        check_elements(&e, 500, false);
        evaluation_free(&e);
    }
}

Test(conv2d, windows_in_the_padding_depend_on_no_input)
{
    evaluation e = evaluate_line(awkward[3], CAKE_STANDARD, 1);
    cake_random random = {1};

    for (int64_t i = 0; i < 9; i++) {
        const cake_place word = e.reference.op->influence(&e.reference, (cake_place){2, i}, &random);

        cr_assert_eq(word.tensor, i == 4 ? 0 : -1);
        cr_assert_eq(e.expected[0][i].value == 0, i != 4);
    }
    evaluation_free(&e);
}

static void set(double *field, int size, const int (*places)[3], int count)
{
    memset(field, 0, sizeof(double) * (size_t)(size * size));
    for (int i = 0; i < count; i++)
        field[places[i][0] * size + places[i][1]] = places[i][2];
}

Test(conv2d, curve_detector_of_the_lecture)
{
    static const int filter[][3] = {{0, 5, 30}, {1, 4, 30}, {2, 3, 30}, {3, 3, 30}, {4, 3, 30}, {5, 3, 30}};
    static const int a[][3] = {{0, 6, 30}, {1, 4, 50}, {1, 5, 50}, {1, 6, 50}, {2, 4, 50}, {3, 3, 50}, {3, 4, 50},
                               {4, 3, 50}, {4, 4, 50}, {5, 3, 50}, {5, 4, 50}, {6, 3, 50}, {6, 4, 50}, {2, 3, 20}};
    static const int b[][3] = {{1, 1, 40}, {2, 0, 40}, {2, 2, 40}, {3, 0, 40}, {3, 1, 20},
                               {4, 1, 50}, {5, 2, 50}, {6, 3, 50}, {6, 0, 25}, {6, 1, 25}};
    evaluation e = evaluate_line("conv2d ic=1 ih=7 iw=7 oc=1 k=7", CAKE_EXACT, 1);

    set(tensor_values(&e, "w"), 7, filter, 6);
    set(tensor_values(&e, "x"), 7, a, 14);
    evaluate_again(&e);
    cr_assert_eq(e.expected[0][0].value, 6600);
    cr_assert_eq(e.expected[0][0].bound, 0);
    set(tensor_values(&e, "x"), 7, b, 10);
    evaluate_again(&e);
    cr_assert_eq(e.expected[0][0].value, 0);
    evaluation_free(&e);
}

Test(conv2d, sizes_and_cost)
{
    cake_workload w = parse("conv2d ic=3 ih=224 iw=224 oc=64 k=7 stride=2 pad=3");
    const cake_conv2d *p = w.params;

    cr_assert_eq(p->oh, 112);
    cr_assert_eq(p->ow, 112);
    cr_assert_eq(w.op->flops(p), 2.0 * 64 * 112 * 112 * 147);
    /* Of an axis's windows the first begin at -3 and at -1, the last ends two places outside. */
    cr_assert_eq(w.op->least_flops(p), 2.0 * 64 * 3 * (4 + 6 + 109 * 7 + 5) * (4 + 6 + 109 * 7 + 5));
    cr_assert_eq(cake_op_bytes(w.op, p, CAKE_F32), 4.0 * (3 * 224 * 224 + 64 * 147 + 64 * 112 * 112));
    cake_workload_free(&w);
}

Test(conv2d, contradictions_are_refused)
{
    check_invalid_line("conv2d ic=6 ih=4 iw=4 oc=4 k=1 groups=3",
                       "groups that divide ic and oc, found groups=3 with ic=6 oc=4");
    check_invalid_line("conv2d ic=1 ih=4 iw=9 oc=1 kh=3 kw=1 dil_h=3 pad_b=2",
                       "a window of 7 (kh=3 dil_h=3) over 6 (ih=4 and padding 0 + 2)");
    check_invalid_line("conv2d n=1073741824 ic=1073741824 ih=4 iw=4 oc=1 k=1", "found 'x' beyond");
    check_invalid_line("conv2d n=1048576 ic=1 ih=1048576 iw=1024 oc=1048576 k=1", "found 'y' beyond");
}

Test(conv2d, whole_numbers)
{
    cake_workload resnet = parse("conv2d ic=512 ih=7 iw=7 oc=512 k=3"),
                  deep = parse("conv2d ic=65536 ih=7 iw=7 oc=1 k=3");

    cr_assert(resnet.op->exact_on_integers(resnet.params));
    cr_assert_not(deep.op->exact_on_integers(deep.params));
    cake_workload_free(&resnet);
    cake_workload_free(&deep);
}

/* y of a valid convolution without padding, strides, groups; only the first `channels` of x. */
static float *direct(const cake_conv2d *p, const float *x, const float *w, int64_t channels, bool reverse)
{
    float *y = calloc((size_t)(p->oc * p->oh * p->ow), sizeof *y);

    cr_assert_not_null(y);
    for (int64_t at = 0; at < p->oc * p->oh * p->ow; at++) {
        const int64_t o = at / p->ow / p->oh, row = at / p->ow % p->oh, column = at % p->ow;
        const int64_t terms = channels * p->kh * p->kw;

        for (int64_t t = 0; t < terms; t++) {
            const int64_t k = reverse ? terms - 1 - t : t;
            const int64_t c = k / p->kw / p->kh, r = k / p->kw % p->kh, s = k % p->kw;

            y[at] += x[(c * p->ih + row + r) * p->iw + column + s] * w[((o * p->ic + c) * p->kh + r) * p->kw + s];
        }
    }
    return y;
}

Test(conv2d, bound_accepts_every_order_and_rejects_misdeeds)
{
    const char *const workloads[] = {"conv2d ic=2 ih=9 iw=9 oc=16 k=3", "conv2d ic=32 ih=9 iw=9 oc=16 k=3",
                                     "conv2d ic=512 ih=9 iw=9 oc=16 k=3"};

    for (int i = 0; i < 3; i++) {
        evaluation e = evaluate_line(workloads[i], CAKE_STANDARD, 5);
        const cake_conv2d *p = e.workload.params;
        const int64_t channels = p->ic;
        float *x = as_f32(&e, "x"), *w = as_f32(&e, "w"), *x16 = as_bf16(&e, "x"), *w16 = as_bf16(&e, "w");
        float *forward = direct(p, x, w, channels, false), *backward = direct(p, x, w, channels, true);
        float *half = direct(p, x, w, channels / 2, false), *low = direct(p, x16, w16, channels, false);
        float *zeros = direct(p, x, w, 0, false);

        cr_log_info("conv2d ic=%ld: forward %.3f backward %.3f bf16 %.1f half %.1f bounds", (long)channels,
                    worst_error(&e, 0, forward), worst_error(&e, 0, backward), worst_error(&e, 0, low),
                    worst_error(&e, 0, half));
        cr_assert(!rejects(&e, 0, forward) && !rejects(&e, 0, backward));
        cr_assert(rejects(&e, 0, half) && rejects(&e, 0, low) && rejects(&e, 0, zeros));
        free(x), free(w), free(x16), free(w16), free(forward), free(backward), free(half), free(low), free(zeros);
        evaluation_free(&e);
    }
}

/* Winograd's F(m x m, 3 x 3), tiles of m + 2. */
typedef struct winograd {
    int m;
    float at[4][6], g[6][3], bt[6][6];
} winograd;

static const winograd f2 = {.m = 2,
                            .at = {{1, 1, 1, 0}, {0, 1, -1, -1}},
                            .g = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}},
                            .bt = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}}};
static const winograd f4 = {
    .m = 4,
    .at = {{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}},
    .g = {{1.F / 4, 0, 0},
          {-1.F / 6, -1.F / 6, -1.F / 6},
          {-1.F / 6, 1.F / 6, -1.F / 6},
          {1.F / 24, 1.F / 12, 1.F / 6},
          {1.F / 24, -1.F / 12, 1.F / 6},
          {0, 0, 1}},
    .bt = {{4, 0, -5, 0, 1, 0},
           {0, -4, -4, 1, 1, 0},
           {0, 4, -4, -1, 1, 0},
           {0, -2, -1, 2, 1, 0},
           {0, 2, -1, -2, 1, 0},
           {0, 4, 0, -5, 0, 1}}};

/* c [rows][rows] = a [rows][inner] b [inner][inner] aT; leading dimension of a is `lda`, of b and c 6. */
static void sandwich(const float *a, int lda, int rows, int inner, const float *b, float *c)
{
    float half[6][6] = {{0}};

    for (int i = 0; i < rows; i++)
        for (int j = 0; j < inner; j++)
            for (int k = 0; k < inner; k++)
                half[i][j] += a[i * lda + k] * b[k * 6 + j];
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < rows; j++) {
            c[i * 6 + j] = 0;
            for (int k = 0; k < inner; k++)
                c[i * 6 + j] += half[i][k] * a[j * lda + k];
        }
}

static float *by_winograd(const cake_conv2d *p, const winograd *f, const float *x, const float *w)
{
    const int m = f->m, points = m + 2;
    float *y = calloc((size_t)(p->oc * p->oh * p->ow), sizeof *y);

    cr_assert_not_null(y);
    for (int64_t o = 0; o < p->oc; o++)
        for (int64_t top = 0; top < p->oh; top += m)
            for (int64_t left = 0; left < p->ow; left += m) {
                float sum[36] = {0}, out[36];

                for (int64_t c = 0; c < p->ic; c++) {
                    float filter[36] = {0}, tile[36] = {0}, u[36], v[36];

                    for (int i = 0; i < 9; i++)
                        filter[i / 3 * 6 + i % 3] = w[(o * p->ic + c) * 9 + i];
                    for (int i = 0; i < points; i++)
                        for (int j = 0; j < points; j++)
                            if (top + i < p->ih && left + j < p->iw)
                                tile[i * 6 + j] = x[(c * p->ih + top + i) * p->iw + left + j];
                    sandwich(&f->g[0][0], 3, points, 3, filter, u);
                    sandwich(&f->bt[0][0], 6, points, points, tile, v);
                    for (int i = 0; i < 36; i++)
                        if (i / 6 < points && i % 6 < points)
                            sum[i] += u[i] * v[i];
                }
                sandwich(&f->at[0][0], 6, m, points, sum, out);
                for (int i = 0; i < m && top + i < p->oh; i++)
                    for (int j = 0; j < m && left + j < p->ow; j++)
                        y[(o * p->oh + top + i) * p->ow + left + j] = out[i * 6 + j];
            }
    return y;
}

Test(conv2d, fast_class_allows_winograd_and_no_more)
{
    const char *const workloads[] = {"conv2d ic=1 ih=30 iw=30 oc=8 k=3", "conv2d ic=3 ih=30 iw=30 oc=8 k=3",
                                     "conv2d ic=64 ih=30 iw=30 oc=8 k=3", "conv2d ic=512 ih=30 iw=30 oc=8 k=3"};

    for (int i = 0; i < 4; i++) {
        evaluation e = evaluate_line(workloads[i], CAKE_FAST, 6),
                   strict = evaluate_line(workloads[i], CAKE_STANDARD, 6);
        const cake_conv2d *p = e.workload.params;
        float *x = as_f32(&e, "x"), *w = as_f32(&e, "w"), *x16 = as_bf16(&e, "x"), *w16 = as_bf16(&e, "w");
        float *small = by_winograd(p, &f2, x, w), *large = by_winograd(p, &f4, x, w);
        float *half = direct(p, x, w, p->ic / 2, false), *low = direct(p, x16, w16, p->ic, false);

        cr_log_info(
            "conv2d fast ic=%ld: F(2) %.3f F(4) %.3f bf16 %.1f half %.1f bounds; standard F(2) %.3f F(4) %.3f",
            (long)p->ic, worst_error(&e, 0, small), worst_error(&e, 0, large), worst_error(&e, 0, low),
            worst_error(&e, 0, half), worst_error(&strict, 0, small), worst_error(&strict, 0, large));
        cr_assert(!rejects(&e, 0, small) && !rejects(&e, 0, large));
        cr_assert(rejects(&e, 0, half) && rejects(&e, 0, low));
        free(x), free(w), free(x16), free(w16), free(small), free(large), free(half), free(low);
        evaluation_free(&e);
        evaluation_free(&strict);
    }
}

Test(conv2d, fast_class_of_1x1_is_that_of_products_of_matrices)
{
    evaluation conv = evaluate_line("conv2d ic=24 ih=5 iw=7 oc=16 k=1", CAKE_FAST, 7);
    evaluation linear = evaluate_line("linear rows=35 in=24 out=16", CAKE_FAST, 7);
    double *x = tensor_values(&conv, "x"), *rows = tensor_values(&linear, "x");

    for (int64_t i = 0; i < 35 * 24; i++)
        rows[i] = x[i % 24 * 35 + i / 24];
    memcpy(tensor_values(&linear, "w"), tensor_values(&conv, "w"), 16 * 24 * sizeof *x);
    evaluate_again(&linear);
    for (int64_t i = 0; i < 35 * 16; i++)
        cr_assert_float_eq(linear.expected[0][i].bound, conv.expected[0][i % 16 * 35 + i / 16].bound, 1e-12);
    evaluation_free(&conv);
    evaluation_free(&linear);
}

Test(conv2d, fast_class_changes_nothing_where_no_fast_algorithm_applies)
{
    const char *const workloads[] = {"conv2d ic=4 ih=9 iw=9 oc=2 k=5", "conv2d ic=4 ih=9 iw=9 oc=2 k=1 groups=2"};

    for (int w = 0; w < 2; w++) {
        evaluation fast = evaluate_line(workloads[w], CAKE_FAST, 7),
                   standard = evaluate_line(workloads[w], CAKE_STANDARD, 7);

        for (int64_t i = 0; i < fast.count[0]; i++)
            cr_assert_eq(fast.expected[0][i].bound, standard.expected[0][i].bound);
        evaluation_free(&fast);
        evaluation_free(&standard);
    }
}

Test(conv2d, survives_what_is_not_finite)
{
    evaluation e = evaluate_line("conv2d ic=1 ih=4 iw=4 oc=1 k=3", CAKE_FAST, 8);

    tensor_values(&e, "x")[0] = NAN;
    tensor_values(&e, "x")[15] = INFINITY;
    evaluate_again(&e);
    cr_assert(isnan(e.expected[0][0].value));
    cr_assert(isinf(e.expected[0][3].value));
    evaluation_free(&e);
}
