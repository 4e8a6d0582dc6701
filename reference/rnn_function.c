/* The activation functions of a recurrent layer: ONNX's RNN, LSTM and GRU name them.
 *
 * Each carries |f'| times the error of x, the slope where it is steepest within that error, and adds a few u of its own:
 * alpha and beta are rounded to the kernel's type, then each operation rounds. What is a difference of numbers of size
 * 1 (exp(x) - 1, log(1 + exp(x))) is allowed u of that size, as sigmoid and tanh are in carry.c. */
#include <math.h>

#include "reference/rnn.h"

static cake_expected affine(cake_rnn_function f, cake_expected x, double u)
{
    double product = f.alpha * x.value;

    return (cake_expected){product + f.beta, fabs(f.alpha) * x.bound + 4 * u * (fabs(product) + fabs(f.beta))};
}

/* The slope of x, below 0 alpha x: either where the error reaches over 0. */
static double bent_slope(double alpha, cake_expected x)
{
    return x.value > x.bound ? 1 : x.value < -x.bound ? fabs(alpha) : fmax(1, fabs(alpha));
}

static cake_expected leaky_relu(cake_rnn_function f, cake_expected x, double u)
{
    double value = x.value < 0 ? f.alpha * x.value : x.value;

    return (cake_expected){value, bent_slope(f.alpha, x) * x.bound + 2 * u * fabs(value)};
}

/* A jump: within the error of x it may go either way. */
static cake_expected thresholded_relu(cake_rnn_function f, cake_expected x, double u)
{
    bool jumps = fabs(x.value - f.alpha) <= x.bound + u * fabs(f.alpha), on = x.value >= f.alpha;

    return (cake_expected){on ? x.value : 0, jumps ? fabs(x.value) + x.bound : on ? x.bound : 0};
}

static cake_expected scaled_tanh(cake_rnn_function f, cake_expected x, double u)
{
    double z = f.beta * x.value;
    cake_expected t = cake_carry_tanh((cake_expected){z, fabs(f.beta) * x.bound + 2 * u * fabs(z)}, u);

    return (cake_expected){f.alpha * t.value, fabs(f.alpha) * (t.bound + 2 * u)};
}

static cake_expected hard_sigmoid(cake_rnn_function f, cake_expected x, double u)
{
    cake_expected y = affine(f, x, u);
    bool saturated = y.value < -y.bound || y.value > 1 + y.bound;

    return (cake_expected){fmin(fmax(y.value, 0), 1), saturated ? 0 : y.bound};
}

static cake_expected elu(cake_rnn_function f, cake_expected x, double u)
{
    double steepest = exp(fmin(x.value + x.bound, 0)), slope = bent_slope(f.alpha, x);

    if (x.value > x.bound)
        return x;
    return (cake_expected){x.value < 0 ? f.alpha * expm1(x.value) : x.value,
                           slope * steepest * x.bound + CAKE_ROUNDINGS_EXP * u * fabs(f.alpha)};
}

static cake_expected softsign(cake_expected x, double u)
{
    double at = 1 + fmax(fabs(x.value) - x.bound, 0), value = x.value / (1 + fabs(x.value));

    return (cake_expected){value, x.bound / (at * at) + (CAKE_ROUNDINGS_DIVIDE + 1) * u * fabs(value)};
}

static cake_expected softplus(cake_expected x, double u)
{
    double value = fmax(x.value, 0) + log1p(exp(-fabs(x.value))), slope = 1 / (1 + exp(-x.value - x.bound));

    return (cake_expected){value, slope * x.bound + CAKE_ROUNDINGS_EXP * u * fmax(value, 1)};
}

cake_expected cake_rnn_apply(cake_rnn_function f, cake_expected x, double u)
{
    switch (f.kind) {
    case CAKE_FUNCTION_TANH:
        return cake_carry_tanh(x, u);
    case CAKE_FUNCTION_RELU:
        return cake_carry_relu(x);
    case CAKE_FUNCTION_AFFINE:
        return affine(f, x, u);
    case CAKE_FUNCTION_LEAKY_RELU:
        return leaky_relu(f, x, u);
    case CAKE_FUNCTION_THRESHOLDED_RELU:
        return thresholded_relu(f, x, u);
    case CAKE_FUNCTION_SCALED_TANH:
        return scaled_tanh(f, x, u);
    case CAKE_FUNCTION_HARD_SIGMOID:
        return hard_sigmoid(f, x, u);
    case CAKE_FUNCTION_ELU:
        return elu(f, x, u);
    case CAKE_FUNCTION_SOFTSIGN:
        return softsign(x, u);
    case CAKE_FUNCTION_SOFTPLUS:
        return softplus(x, u);
    default:
        return cake_carry_sigmoid(x, u);
    }
}
