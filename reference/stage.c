#include "reference/stage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cake_stage cake_stage_begin(int64_t rows, int64_t cols)
{
    double *memory = cake_scratch(2 * rows * cols);

    return (cake_stage){.rows = rows, .cols = cols, .value = memory, .bound = memory + rows * cols};
}

cake_stage cake_stage_of(const double *values, int64_t rows, int64_t cols)
{
    cake_stage stage = cake_stage_begin(rows, cols);

    memcpy(stage.value, values, (size_t)(rows * cols) * sizeof *values);
    return stage;
}

void cake_stage_end(cake_stage *stage)
{
    free(stage->value);
    *stage = (cake_stage){0};
}

cake_stage cake_stage_rows(const cake_stage *stage, int64_t row, int64_t rows)
{
    int64_t offset = row * stage->cols;

    return (cake_stage){
        .rows = rows, .cols = stage->cols, .value = stage->value + offset, .bound = stage->bound + offset};
}

static void put(cake_stage *stage, int64_t index, cake_expected e)
{
    stage->value[index] = e.value;
    stage->bound[index] = e.bound;
}

static cake_expected get(const cake_stage *stage, int64_t index)
{
    return (cake_expected){stage->value[index], stage->bound[index]};
}

cake_stage cake_stage_linear(const cake_stage *x, const double *w, const double *bias, int64_t out, double u)
{
    cake_stage y = cake_stage_begin(x->rows, out);
    int64_t in = x->cols;

    for (int64_t o = 0; o < out; o++)
        for (int64_t r = 0; r < x->rows; r++) {
            cake_carried dot = cake_carry_dot(w + o * in, x->value + r * in, x->bound + r * in, NULL, in);

            put(&y, r * out + o, cake_carry_sum(dot, bias ? bias[o] : 0, in, u));
        }
    return y;
}

/* y = scale z + shift, z = (x - mean) / s, s = sqrt(var + eps). Its own rounding, n elements:
 *     the mean       c(n) u mean|x|, and as much again of x - mean by the subtraction: 2 u |x|
 *     the variance   relative c(n) u q with q = mean(x^2) / (var + eps), which allows the one-pass formula; half of
 * that reaches 1/s, and 6 u of a reciprocal square root the rest       4 u of z, u of the shift What it carries, with
 * dx the error of x:  dz_i = (dx_i - mean(dx) - z_i mean(z dx)) / s, the means of independent errors as roots of sums
 * of squares. The RMS norm is the same with mean 0. */
static void norm_row(const double *x, const double *e, int64_t n, const double *scale, const double *shift,
                     double eps, double u, double *y, double *ey)
{
    double mean = 0, size = 0, square = 0, variance = 0, errors = 0, drift = 0, s, c = cake_bound_sum((double)n, u),
           q;

    for (int64_t i = 0; i < n; i++) {
        mean += shift ? x[i] / (double)n : 0;
        size += shift ? fabs(x[i]) / (double)n : 0;
        square += x[i] * x[i] / (double)n;
    }
    for (int64_t i = 0; i < n; i++)
        variance += (x[i] - mean) * (x[i] - mean) / (double)n;
    s = sqrt(variance + eps);
    q = square / (variance + eps);
    for (int64_t i = 0; i < n; i++) {
        double z = (x[i] - mean) / s;

        errors += shift ? e[i] * e[i] : 0;
        drift += z * z * e[i] * e[i];
    }
    errors = sqrt(errors) / (double)n;
    drift = sqrt(drift) / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double z = (x[i] - mean) / s, g = fabs(scale[i]), b = shift ? shift[i] : 0;
        double own = (c * size + (shift ? 2 * u * fabs(x[i]) : 0)) / s +
                     fabs(z) * (0.5 * c * q + (CAKE_ROUNDINGS_RSQRT + 4) * u);

        y[i] = scale[i] * z + b;
        ey[i] = g * (own + (e[i] + errors + fabs(z) * drift) / s) + u * (fabs(b) + fabs(y[i]));
    }
}

cake_stage cake_stage_norm(const cake_stage *x, const double *scale, const double *shift, double eps, double u)
{
    cake_stage y = cake_stage_begin(x->rows, x->cols);

    for (int64_t r = 0; r < x->rows; r++) {
        int64_t at = r * x->cols;

        norm_row(x->value + at, x->bound + at, x->cols, scale, shift, eps, u, y.value + at, y.bound + at);
    }
    return y;
}

void cake_stage_add(cake_stage *x, const cake_stage *y, double u)
{
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        put(x, i, cake_carry_add(get(x, i), get(y, i), u));
}

void cake_stage_activate(cake_stage *x, int32_t kind, double u)
{
    for (int64_t i = 0; i < x->rows * x->cols; i++)
        put(x, i, cake_carry_activation(kind, get(x, i), u));
}

cake_stage cake_stage_swiglu(const cake_stage *x, double u)
{
    int64_t n = x->cols / 2;
    cake_stage y = cake_stage_begin(x->rows, n);

    for (int64_t r = 0; r < x->rows; r++)
        for (int64_t i = 0; i < n; i++) {
            cake_expected gate = cake_carry_silu(get(x, r * x->cols + i), u);

            put(&y, r * n + i, cake_carry_mul(gate, get(x, r * x->cols + n + i), u));
        }
    return y;
}

void cake_stage_rotate(cake_stage *x, int64_t row, int64_t begin, int64_t dim, int32_t style, int64_t position,
                       double base, double u)
{
    for (int64_t i = 0; i < dim / 2; i++) {
        int64_t first = row * x->cols + begin + (style == CAKE_ROPE_HALF ? i : 2 * i);
        int64_t second = style == CAKE_ROPE_HALF ? first + dim / 2 : first + 1;
        cake_expected w = cake_carry_angle(position, 2 * (double)i / (double)dim, base, u);
        cake_expected cosine = {cos(w.value), w.bound}, sine = {sin(w.value), w.bound},
                      minus = {-sin(w.value), w.bound};
        cake_expected a = get(x, first), b = get(x, second);

        put(x, first, cake_carry_add(cake_carry_mul(a, cosine, u), cake_carry_mul(b, minus, u), u));
        put(x, second, cake_carry_add(cake_carry_mul(b, cosine, u), cake_carry_mul(a, sine, u), u));
    }
}

/* The score's error is attention.c's, and what the query and the keys carry. */
void cake_stage_weigh(const double *q, const double *eq, const double *k, const double *ek, int64_t n, int64_t stride,
                      int64_t dim, double scale, double u, double *weight, double *relative)
{
    double c = cake_bound_sum((double)dim, u);

    for (int64_t j = 0; j < n; j++) {
        cake_carried dot = cake_carry_dot(q, k + j * stride, ek + j * stride, eq, dim);

        weight[j] = scale * dot.value;
        relative[j] = scale * (dot.carried + c * dot.magnitude) + 4 * u * fabs(weight[j]);
    }
    cake_carry_softmax(weight, relative, n, u, weight, relative);
}
