#include "reference/carry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void *scratch(int64_t count, size_t size)
{
    void *memory = calloc(count > 0 ? (size_t)count : 1, size);

    if (!memory) {
        fprintf(stderr, "layercake: out of memory: the reference needs %lld values of %zu bytes\n", (long long)count,
                size);
        abort();
    }
    return memory;
}

double *cake_scratch(int64_t count)
{
    return scratch(count, sizeof(double));
}

cake_expected *cake_scratch_expected(int64_t count)
{
    return scratch(count, sizeof(cake_expected));
}

bool cake_never_exact(const void *params)
{
    (void)params;
    return false;
}

cake_carried cake_carry_dot(const double *a, const double *b, const double *eb, const double *ea, int64_t n)
{
    cake_sum sum = cake_dot(a, b, n);
    double square = (eb ? cake_squares(a, eb, n) : 0) + (ea ? cake_squares(b, ea, n) : 0);

    return (cake_carried){sum.value, sum.magnitude, sqrt(square)};
}

cake_expected cake_carry_sum(cake_carried dot, double bias, int64_t n, double u)
{
    return (cake_expected){dot.value + bias,
                           dot.carried + cake_bound_sum((double)n + 1, u) * (dot.magnitude + fabs(bias))};
}

cake_expected cake_carry_relu(cake_expected x)
{
    return (cake_expected){fmax(x.value, 0), x.value < -x.bound ? 0 : x.bound};
}

/* Where a slope that falls off with |x| is steepest within the error around x. */
static double steepest(cake_expected x)
{
    return fmax(fabs(x.value) - x.bound, 0);
}

static double sigmoid(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* sigmoid and tanh are allowed 4 u of their range's size, 1, not of the value: formulas by exp, or of the one by the
 * other, cancel where the value is near 0, and are accurate enough for what follows. */
cake_expected cake_carry_sigmoid(cake_expected x, double u)
{
    double s = sigmoid(steepest(x));

    return (cake_expected){sigmoid(x.value), fmin(x.bound * s * (1 - s), 1) + 4 * u};
}

cake_expected cake_carry_tanh(cake_expected x, double u)
{
    double t = tanh(steepest(x));

    return (cake_expected){tanh(x.value), fmin(x.bound * (1 - t * t), 2) + 4 * u};
}

/* x f(x) with f one of sigmoid, Phi = (1 + erf(x/sqrt 2)) / 2, or its approximation. f is good to 4 u of its size 1,
 * the product rounds once more. The argument of the approximation's tanh has a relative error of a few u, but
 * |z| (1 - tanh^2 z) < 1/2, so that less than 2 u reach f. The slope of x f(x) is never above 1.13 (gelu), 1.1
 * (silu). */
static cake_expected gated(double x, double f, double error, double u)
{
    return (cake_expected){x * f, 1.13 * error + 6 * u * fabs(x)};
}

cake_expected cake_carry_silu(cake_expected x, double u)
{
    return gated(x.value, sigmoid(x.value), x.bound, u);
}

cake_expected cake_carry_gelu(cake_expected x, double u)
{
    return gated(x.value, erfc(-x.value * 0.70710678118654752440) / 2, x.bound, u);
}

cake_expected cake_carry_gelu_tanh(cake_expected x, double u)
{
    double z = 0.79788456080286535588 * (x.value + 0.044715 * x.value * x.value * x.value);

    return gated(x.value, sigmoid(2 * z), x.bound, u);
}

cake_expected cake_carry_activation(int32_t kind, cake_expected x, double u)
{
    switch (kind) {
    case CAKE_ACTIVATION_GELU:
        return cake_carry_gelu(x, u);
    case CAKE_ACTIVATION_GELU_TANH:
        return cake_carry_gelu_tanh(x, u);
    case CAKE_ACTIVATION_SILU:
        return cake_carry_silu(x, u);
    case CAKE_ACTIVATION_SIGMOID:
        return cake_carry_sigmoid(x, u);
    case CAKE_ACTIVATION_TANH:
        return cake_carry_tanh(x, u);
    default:
        return cake_carry_relu(x);
    }
}

cake_expected cake_carry_mul(cake_expected a, cake_expected b, double u)
{
    double product = a.value * b.value;

    return (cake_expected){product,
                           a.bound * fabs(b.value) + b.bound * (fabs(a.value) + a.bound) + u * fabs(product)};
}

cake_expected cake_carry_add(cake_expected a, cake_expected b, double u)
{
    return (cake_expected){a.value + b.value, a.bound + b.bound + u * (fabs(a.value) + fabs(b.value))};
}

/* A weight is p_j / sum p with p_j = exp(s_j - m). m is any number that a kernel likes, and common to all, so its own
 * error cancels; that of the subtraction and of the argument's reduction (x log2 e) does not: 3 u |s_j - m|, where
 * the running maxima of an online softmax telescope to the same. exp itself: 8 u, and 2 u for the products around it.
 * So log p_j is off by d_j = e_j + 3 u |s_j - m| + 10 u at most, and p_j by the factor exp(+-d_j). With r_j =
 * exp(d_j) - 1 the normalised weight moves by at most r_j + sum w r, over the new sum relative to the old one, which
 * is not below 1 - sum w r. That sum's part cancels in a mean's error (below), so here `relative` is r_j / (1 - sum w
 * r). */
double cake_carry_softmax(const double *score, const double *error, int64_t n, double u, double *weight,
                          double *relative)
{
    double max = -INFINITY, sum = 0, off = 0;

    for (int64_t j = 0; j < n; j++)
        max = fmax(max, score[j]);
    for (int64_t j = 0; j < n; j++) {
        double below = score[j] - max, e = error[j];

        if (score[j] == -INFINITY) {
            weight[j] = relative[j] = 0;
            continue;
        }
        weight[j] = exp(below);
        relative[j] = expm1(e + 3 * u * fabs(below) + (CAKE_ROUNDINGS_EXP + 2) * u);
        sum += weight[j];
        off += weight[j] * relative[j];
    }
    if (!(sum > 0))
        return -INFINITY;
    off = fmax(1 - off / sum, 0x1p-20);
    for (int64_t j = 0; j < n; j++) {
        weight[j] /= sum;
        relative[j] /= off;
    }
    return max + log(sum);
}

/* y = sum w_j v_j. Moving each p_j by the factor (1 + r_j) moves y by sum w_j r_j (v_j - y) / (1 + sum w r): what all
 * weights have in common cancels. The weights are positive, so the sum is taken of absolute values, a bias of exp
 * included; and y, a mean of the v_j whatever the weights are, moves by no more than the farthest v_j is away.
 * The two sums and the division round: c(n) u (sum w |v| + |y|) + 2 u |y|. 2^-126: what an exp that never
 * gives less than the smallest normal number, or flushes to zero, adds. */
void cake_carry_mean(const double *weight, const double *relative, const double *v, const double *ev, int64_t n,
                     int64_t stride, int64_t columns, double u, cake_expected *y)
{
    double *magnitude = cake_scratch(3 * columns), *moved = magnitude + columns, *farthest = moved + columns;
    double c = cake_bound_sum((double)n, u);

    for (int64_t k = 0; k < columns; k++)
        y[k].value = 0;
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = 0; weight[j] > 0 && k < columns; k++) {
            double product = weight[j] * v[j * stride + k];

            y[k].value += product;
            magnitude[k] += fabs(product);
        }
    for (int64_t j = 0; j < n; j++)
        for (int64_t k = 0; weight[j] > 0 && k < columns; k++) {
            double away = fabs(v[j * stride + k] - y[k].value);

            moved[k] += weight[j] * relative[j] * away;
            farthest[k] = fmax(farthest[k], away);
        }
    for (int64_t k = 0; k < columns; k++)
        y[k].bound =
            fmin(moved[k], farthest[k]) + c * (magnitude[k] + fabs(y[k].value)) + 2 * u * fabs(y[k].value) + 0x1p-126;
    for (int64_t j = 0; ev && j < n; j++)
        for (int64_t k = 0; k < columns; k++)
            y[k].bound += weight[j] * ev[j * stride + k];
    free(magnitude);
}

/* base^-e by exp(-e ln base), or by a power: the argument e ln base is off by 2 u of itself, exp by 8 u, the product
 * with the position by u, and whatever reduces the angle to a period by u. Sine and cosine have slopes of at most 1,
 * and 4 u of their own. */
cake_expected cake_carry_angle(int64_t position, double exponent, double base, double u)
{
    double argument = exponent * log(base), angle = (double)position * exp(-argument);

    return (cake_expected){angle, fmin(angle * (2 * fabs(argument) + CAKE_ROUNDINGS_EXP + 2) * u, 2) + 4 * u};
}
