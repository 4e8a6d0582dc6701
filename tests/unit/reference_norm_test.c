/* The reference of batch_norm, layer_norm, rms_norm and group_norm. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "reference_check.h"

/* The lecture's samples: features x1 .. x4, three samples each, with their mean and deviation. */
static const double feature[4][3] = {{1, 3, 8}, {3, 4, 3}, {5, 6, 2}, {7, 2, 1}};
static const double feature_mean[] = {4, 3.33, 4.33, 3.33}, feature_std[] = {2.94, 0.471, 1.69, 2.62};

static void set_all(evaluation *e, const char *name, double value, int count)
{
    double *to = tensor_values(e, name);

    for (int i = 0; i < count; i++)
        to[i] = value;
}

Test(batch_norm, training_on_the_samples_of_the_lecture)
{
    evaluation e = evaluate_line("batch_norm n=3 c=4 h=1 w=1 training=1 eps=1e-12 momentum=0", CAKE_STANDARD, 1);

    for (int c = 0; c < 4; c++)
        for (int n = 0; n < 3; n++)
            tensor_values(&e, "x")[n * 4 + c] = feature[c][n];
    set_all(&e, "scale", 1, 4);
    set_all(&e, "shift", 0, 4);
    evaluate_again(&e);
    for (int c = 0; c < 4; c++) {
        cr_assert_float_eq(e.expected[1][c].value, feature_mean[c], 0.005);
        cr_assert_float_eq(sqrt(e.expected[2][c].value), feature_std[c], 0.01); /* printed cut off */
        for (int n = 0; n < 3; n++)
            cr_assert_float_eq(e.expected[0][n * 4 + c].value,
                               (feature[c][n] - e.expected[1][c].value) / sqrt(e.expected[2][c].value), 1e-9);
    }
    cr_assert_float_eq(e.expected[0][0].value, -3 / sqrt(26.0 / 3), 1e-9);
    evaluation_free(&e);
}

Test(batch_norm, running_averages_and_inference)
{
    evaluation train = evaluate_line("batch_norm n=2 c=1 h=1 w=2 training=1 momentum=0.75", CAKE_STANDARD, 1);
    evaluation infer = evaluate_line("batch_norm n=1 c=2 h=1 w=2 eps=1", CAKE_STANDARD, 1);
    const double y[] = {10 + 2 * (3 - 1) / 2.0, 10 + 2 * (5 - 1) / 2.0, -(0 - 4) / 3.0, -(1 - 4) / 3.0};

    set_values(&train, "x", (double[]){1, 2, 3, 6}, 4);
    set_values(&train, "mean", (double[]){7}, 1);
    set_values(&train, "var", (double[]){2}, 1);
    evaluate_again(&train);
    cr_assert_float_eq(train.expected[1][0].value, 0.75 * 7 + 0.25 * 3, 1e-14);
    cr_assert_float_eq(train.expected[2][0].value, 0.75 * 2 + 0.25 * 3.5, 1e-14);
    evaluation_free(&train);

    set_values(&infer, "x", (double[]){3, 5, 0, 1}, 4);
    set_values(&infer, "mean", (double[]){1, 4}, 2);
    set_values(&infer, "var", (double[]){3, 8}, 2);
    set_values(&infer, "scale", (double[]){2, -1}, 2);
    set_values(&infer, "shift", (double[]){10, 0}, 2);
    evaluate_again(&infer);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(infer.expected[0][i].value, y[i], 1e-14);
    evaluation_free(&infer);
}

Test(layer_norm, features_of_the_lecture)
{
    /* Each row a feature's samples: the same moments, now of a row. */
    evaluation e = evaluate_line("layer_norm rows=4 hidden=3 affine=0 eps=1e-12", CAKE_STANDARD, 1);

    set_values(&e, "x", &feature[0][0], 12);
    evaluate_again(&e);
    for (int i = 0; i < 12; i++)
        cr_assert_float_eq(e.expected[0][i].value, (feature[i / 3][i % 3] - feature_mean[i / 3]) / feature_std[i / 3],
                           0.02);
    evaluation_free(&e);

    /* And of the first sample's four features: 1 3 5 7. */
    e = evaluate_line("layer_norm hidden=4 eps=1e-12", CAKE_STANDARD, 1);
    set_values(&e, "x", (double[]){1, 3, 5, 7}, 4);
    set_values(&e, "scale", (double[]){1, 1, 1, 2}, 4);
    set_values(&e, "shift", (double[]){0, 0, 1, 0}, 4);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, -3 / sqrt(5), 1e-10);
    cr_assert_float_eq(e.expected[0][2].value, 1 / sqrt(5) + 1, 1e-10);
    cr_assert_float_eq(e.expected[0][3].value, 6 / sqrt(5), 1e-10);
    evaluation_free(&e);
}

Test(rms_norm, hand_computed)
{
    evaluation e = evaluate_line("rms_norm rows=2 hidden=2 eps=0.5", CAKE_STANDARD, 1);

    set_values(&e, "x", (double[]){3, 4, 0, 1}, 4);
    set_values(&e, "scale", (double[]){2, -1}, 2);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, 6 / sqrt(13), 1e-14);
    cr_assert_float_eq(e.expected[0][1].value, -4 / sqrt(13), 1e-14);
    cr_assert_eq(e.expected[0][2].value, 0);
    cr_assert_float_eq(e.expected[0][3].value, -1, 1e-14);
    evaluation_free(&e);
}

Test(group_norm, hand_computed)
{
    evaluation e = evaluate_line("group_norm c=4 h=1 w=2 groups=2 eps=1e-12", CAKE_STANDARD, 1);
    const double y[] = {-3, 1, 3, -1}; /* of the second group's values, whose mean is 5 and variance 5 */

    set_values(&e, "x", (double[]){1, 1, 2, 2, 2, 6, 8, 4}, 8);
    set_values(&e, "scale", (double[]){1, 1, 1, 2}, 4);
    set_values(&e, "shift", (double[]){0, 5, 0, 0}, 4);
    evaluate_again(&e);
    cr_assert_float_eq(e.expected[0][0].value, -1, 1e-10);
    cr_assert_float_eq(e.expected[0][2].value, 6, 1e-10);
    for (int i = 0; i < 4; i++)
        cr_assert_float_eq(e.expected[0][4 + i].value, (i < 2 ? 1 : 2) * y[i] / sqrt(5), 1e-10);
    evaluation_free(&e);
}

Test(normalization, elements_agree)
{
    const char *const lines[] = {
        "batch_norm n=3 c=5 h=4 w=3",
        "batch_norm n=3 c=5 h=4 w=3 training=1",
        "batch_norm n=2 c=3 h=50 w=50 training=1 momentum=0.25",
        "batch_norm n=4 c=2 h=1 w=1 training=1 momentum=0",
        "batch_norm n=1 c=3 h=1 w=1 training=1",
        "batch_norm n=2 c=3 h=2 w=2 training=1 momentum=1",
        "layer_norm rows=7 hidden=31",
        "layer_norm rows=3 hidden=1",
        "layer_norm rows=2 hidden=5000 affine=0",
        "rms_norm rows=7 hidden=31",
        "rms_norm rows=2 hidden=3000 affine=0",
        "group_norm n=2 c=6 h=3 w=5 groups=3",
        "group_norm n=2 c=6 h=3 w=5 groups=6 affine=0",
        "group_norm c=6 h=40 w=50 groups=2",
        "group_norm c=3 h=1 w=1 groups=3",
    };

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        evaluation e = evaluate_line(lines[i], CAKE_STANDARD, 20);

        check_elements(&e, 300, true);
        evaluation_free(&e);
    }
}

Test(normalization, contradictions_are_refused)
{
    check_invalid_line("group_norm c=6 h=1 w=1 groups=4", "groups that divide c, found groups=4 with c=6");
    check_invalid_line("layer_norm rows=2147483647 hidden=2147483647", "found 'x' beyond");
    check_invalid_line("batch_norm n=2147483647 c=2147483647 h=9 w=1", "found 'x' beyond");
    check_invalid_line("rms_norm hidden=4 eps=0", "eps");
    check_invalid_line("batch_norm c=4 h=1 w=1 momentum=1.5", "momentum");
}

/* How a kernel may compute the moments, and how not. */
typedef enum numerics { TWO_PASS, BACKWARD, TEXTBOOK, WELFORD, HALF, OFF_BY_ONE } numerics;

static void moments(const float *x, int64_t count, numerics how, float *mean, float *variance)
{
    float sum = 0, squares = 0;

    *mean = *variance = 0;
    if (how == WELFORD) {
        for (int64_t i = 0; i < count; i++) {
            const float off = x[i] - *mean;

            *mean += off / (float)(i + 1);
            squares += off * (x[i] - *mean);
        }
        *variance = squares / (float)count;
        return;
    }
    if (how == HALF)
        count /= 2;
    for (int64_t i = 0; i < count; i++)
        sum += x[how == BACKWARD ? count - 1 - i : i];
    *mean = sum / (float)count;
    for (int64_t i = 0; i < count; i++) {
        const float v = x[how == BACKWARD ? count - 1 - i : i] - (how == TEXTBOOK ? 0 : *mean);

        squares += v * v;
    }
    *variance = squares / (float)(how == OFF_BY_ONE ? count - 1 : count) - (how == TEXTBOOK ? *mean * *mean : 0);
}

static float *layer_norm(const cake_layer_norm *p, const float *x, const float *scale, const float *shift,
                         numerics how)
{
    float *y = calloc((size_t)(p->rows * p->hidden), sizeof *y);

    cr_assert_not_null(y);
    for (int64_t r = 0; r < p->rows; r++) {
        float mean, variance, reciprocal;

        moments(x + r * p->hidden, p->hidden, how, &mean, &variance);
        reciprocal = 1 / sqrtf(variance + (float)p->eps);
        for (int64_t i = 0; i < p->hidden; i++)
            y[r * p->hidden + i] = (x[r * p->hidden + i] - mean) * reciprocal * scale[i] + shift[i];
    }
    return y;
}

Test(layer_norm, bound_accepts_every_stable_numerics_and_rejects_misdeeds)
{
    const char *const lines[] = {"layer_norm rows=32 hidden=31", "layer_norm rows=32 hidden=768",
                                 "layer_norm rows=16 hidden=16384"};

    for (int i = 0; i < 3; i++) {
        evaluation e = evaluate_line(lines[i], CAKE_STANDARD, 21);
        const cake_layer_norm *p = e.workload.params;
        float *x = as_f32(&e, "x"), *scale = as_f32(&e, "scale"), *shift = as_f32(&e, "shift");
        float *x16 = as_bf16(&e, "x"), *zeros = calloc((size_t)e.count[0], sizeof *zeros);
        float *low = layer_norm(p, x16, scale, shift, TWO_PASS);
        double worst[6];

        for (numerics how = TWO_PASS; how <= OFF_BY_ONE; how++) {
            float *y = layer_norm(p, x, scale, shift, how);

            worst[how] = worst_error(&e, 0, y);
            cr_assert_eq(rejects(&e, 0, y), how >= HALF, "%s: numerics %d", lines[i], how);
            free(y);
        }
        cr_log_info(
            "%s: two passes %.3f backward %.3f textbook %.3f Welford %.3f; half %.0f n-1 %.1f bf16 %.0f bounds",
            lines[i], worst[0], worst[1], worst[2], worst[3], worst[4], worst[5], worst_error(&e, 0, low));
        cr_assert(rejects(&e, 0, low));
        cr_assert(rejects(&e, 0, zeros));
        free(x), free(scale), free(shift), free(x16), free(zeros), free(low);
        evaluation_free(&e);
    }
}

Test(layer_norm, textbook_variance_is_not_enough_where_it_is_unstable)
{
    evaluation e = evaluate_line("layer_norm rows=16 hidden=768", CAKE_STANDARD, 22);
    const cake_layer_norm *p = e.workload.params;
    float *x, *scale = as_f32(&e, "scale"), *shift = as_f32(&e, "shift"), *stable, *welford, *textbook;

    for (int64_t i = 0; i < e.count[0]; i++) /* a mean of 100, where the deviation is 0.58 */
        tensor_values(&e, "x")[i] = (float)(tensor_values(&e, "x")[i] + 100);
    evaluate_again(&e);
    x = as_f32(&e, "x");
    stable = layer_norm(p, x, scale, shift, TWO_PASS);
    welford = layer_norm(p, x, scale, shift, WELFORD);
    textbook = layer_norm(p, x, scale, shift, TEXTBOOK);
    cr_log_info("mean 100: two passes %.3f Welford %.3f textbook %.1f bounds", worst_error(&e, 0, stable),
                worst_error(&e, 0, welford), worst_error(&e, 0, textbook));
    cr_assert(!rejects(&e, 0, stable) && !rejects(&e, 0, welford));
    cr_assert(rejects(&e, 0, textbook));
    free(x), free(scale), free(shift), free(stable), free(welford), free(textbook);
    evaluation_free(&e);
}

static float *rms_norm(const cake_rms_norm *p, const float *x, const float *scale, int64_t count, bool reverse)
{
    float *y = calloc((size_t)(p->rows * p->hidden), sizeof *y);

    cr_assert_not_null(y);
    for (int64_t r = 0; r < p->rows; r++) {
        float squares = 0, reciprocal;

        for (int64_t i = 0; i < count; i++) {
            const float v = x[r * p->hidden + (reverse ? count - 1 - i : i)];

            squares += v * v;
        }
        reciprocal = 1 / sqrtf(squares / (float)count + (float)p->eps);
        for (int64_t i = 0; i < p->hidden; i++)
            y[r * p->hidden + i] = x[r * p->hidden + i] * reciprocal * scale[i];
    }
    return y;
}

Test(rms_norm, bound_accepts_every_order_and_rejects_misdeeds)
{
    const char *const lines[] = {"rms_norm rows=16 hidden=128", "rms_norm rows=16 hidden=8192"};

    for (int i = 0; i < 2; i++) {
        evaluation e = evaluate_line(lines[i], CAKE_STANDARD, 23);
        const cake_rms_norm *p = e.workload.params;
        float *x = as_f32(&e, "x"), *scale = as_f32(&e, "scale"), *x16 = as_bf16(&e, "x");
        float *forward = rms_norm(p, x, scale, p->hidden, false), *backward = rms_norm(p, x, scale, p->hidden, true);
        float *half = rms_norm(p, x, scale, p->hidden / 2, false), *low = rms_norm(p, x16, scale, p->hidden, false);
        float *shorter = rms_norm(p, x, scale, p->hidden - 1, false);

        cr_log_info("%s: forward %.3f backward %.3f; half %.0f bf16 %.0f one less %.1f bounds", lines[i],
                    worst_error(&e, 0, forward), worst_error(&e, 0, backward), worst_error(&e, 0, half),
                    worst_error(&e, 0, low), worst_error(&e, 0, shorter));
        cr_assert(!rejects(&e, 0, forward) && !rejects(&e, 0, backward));
        cr_assert(rejects(&e, 0, half) && rejects(&e, 0, low) && rejects(&e, 0, shorter));
        free(x), free(scale), free(x16), free(forward), free(backward), free(half), free(low), free(shorter);
        evaluation_free(&e);
    }
}

/* y of a batch norm, with a and b folded as inference kernels do. */
static float *folded(const cake_batch_norm *p, const float *x, const float *mean, const float *var,
                     const float *scale, const float *shift)
{
    const int64_t count = p->n * p->c * p->h * p->w;
    float *y = calloc((size_t)count, sizeof *y);

    cr_assert_not_null(y);
    for (int64_t i = 0; i < count; i++) {
        const int64_t c = i / (p->h * p->w) % p->c;
        const float a = scale[c] / sqrtf(var[c] + (float)p->eps), b = shift[c] - mean[c] * a;

        y[i] = x[i] * a + b;
    }
    return y;
}

Test(batch_norm, bound_accepts_folded_constants_and_rejects_misdeeds)
{
    evaluation e = evaluate_line("batch_norm n=2 c=64 h=14 w=14", CAKE_STANDARD, 24);
    const cake_batch_norm *p = e.workload.params;
    float *x = as_f32(&e, "x"), *mean = as_f32(&e, "mean"), *var = as_f32(&e, "var"), *x16 = as_bf16(&e, "x");
    float *scale = as_f32(&e, "scale"), *shift = as_f32(&e, "shift"), *scale16 = as_bf16(&e, "scale");
    float *right = folded(p, x, mean, var, scale, shift), *low = folded(p, x16, mean, var, scale, shift);
    float *low_scale = folded(p, x, mean, var, scale16, shift);

    cr_log_info("batch_norm: folded %.3f; bf16 %.0f bf16 scale %.0f bounds", worst_error(&e, 0, right),
                worst_error(&e, 0, low), worst_error(&e, 0, low_scale));
    cr_assert(!rejects(&e, 0, right));
    cr_assert(rejects(&e, 0, low) && rejects(&e, 0, low_scale));
    free(x), free(mean), free(var), free(x16), free(scale), free(shift), free(scale16);
    free(right), free(low), free(low_scale);
    evaluation_free(&e);
}

Test(batch_norm, training_bound_accepts_stable_numerics_and_rejects_misdeeds)
{
    /* One image of one row a channel, so that the channel is a row for `moments`. */
    evaluation e = evaluate_line("batch_norm n=1 c=8 h=64 w=64 training=1", CAKE_STANDARD, 25);
    const cake_batch_norm *p = e.workload.params;
    float *x = as_f32(&e, "x"), *old_mean = as_f32(&e, "mean"), *old_var = as_f32(&e, "var");
    float *scale = as_f32(&e, "scale"), *shift = as_f32(&e, "shift");

    for (numerics how = TWO_PASS; how <= OFF_BY_ONE; how++) {
        float mean[8], var[8], new_mean[8], new_var[8], *y;

        for (int c = 0; c < 8; c++) {
            moments(x + c * 4096, 4096, how, &mean[c], &var[c]);
            new_mean[c] = 0.9F * old_mean[c] + (1 - 0.9F) * mean[c];
            new_var[c] = 0.9F * old_var[c] + (1 - 0.9F) * var[c];
        }
        y = folded(p, x, mean, var, scale, shift);
        cr_log_info("batch_norm training, numerics %d: y %.3f new_mean %.3f new_var %.3f bounds", how,
                    worst_error(&e, 0, y), worst_error(&e, 1, new_mean), worst_error(&e, 2, new_var));
        cr_assert_eq(rejects(&e, 0, y), how >= HALF, "numerics %d", how);
        cr_assert_eq(rejects(&e, 1, new_mean), how == HALF, "numerics %d", how);
        cr_assert_eq(rejects(&e, 2, new_var), how >= HALF, "numerics %d", how);
        free(y);
    }
    free(x), free(old_mean), free(old_var), free(scale), free(shift);
    evaluation_free(&e);
}

Test(normalization, survives_what_is_not_finite)
{
    const char *const lines[] = {"layer_norm rows=2 hidden=3", "rms_norm rows=2 hidden=3",
                                 "group_norm c=2 h=1 w=3 groups=2", "batch_norm n=1 c=2 h=1 w=3 training=1"};

    for (int i = 0; i < 4; i++) {
        evaluation e = evaluate_line(lines[i], CAKE_STANDARD, 1);

        tensor_values(&e, "x")[0] = NAN;
        tensor_values(&e, "x")[4] = INFINITY;
        evaluate_again(&e);
        cr_assert(isnan(e.expected[0][0].value), "%s", lines[i]);
        for (int64_t at = 0; at < e.count[0]; at++)
            cr_assert(e.expected[0][at].bound >= 0, "%s", lines[i]);
        evaluation_free(&e);
    }
}
