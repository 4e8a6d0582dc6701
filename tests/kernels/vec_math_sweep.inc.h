/* Errors of vec_math.h's functions over all floats or every n-th; shared by the unit test and the tool ulp_sweep.
 * Include a vector header first. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "common/vec/vec_math.h"

/* The functions as calls, so that the sweep is one loop. */
static vec call_exp(vec x)
{
    return vec_exp(x);
}

static vec call_exp_neg(vec x)
{
    return vec_exp_neg(vec_neg(vec_abs(x)));
}

static vec call_exp2_neg(vec x)
{
    return vec_exp2_neg(vec_neg(vec_abs(x)));
}

static vec call_sigmoid(vec x)
{
    return vec_sigmoid(x);
}

static vec call_tanh(vec x)
{
    return vec_tanh(x);
}

static vec call_erf(vec x)
{
    return vec_erf(x);
}

static vec call_sin(vec x)
{
    return vec_sin(x);
}

static vec call_cos(vec x)
{
    return vec_cos(x);
}

static double exact_exp_neg(double x)
{
    return exp(-fabs(x));
}

static double exact_exp2_neg(double x)
{
    return exp2(-fabs(x));
}

static double exact_sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

/* What vec_math.h promises. */
static const struct math_function {
    const char *name;
    vec (*call)(vec);
    double (*exact)(double);
    double max_ulp;
    double flush; /* results smaller than this may be 0 */
} math_functions[] = {
    {"exp", call_exp, exp, 1.2, 0},
    {"exp_neg", call_exp_neg, exact_exp_neg, 1.2, 0x1.8p-126},
    {"exp2_neg", call_exp2_neg, exact_exp2_neg, 1.2, 0x1.8p-126},
    {"sigmoid", call_sigmoid, exact_sigmoid, 2.6, 0},
    {"tanh", call_tanh, tanh, 2.6, 0},
    {"erf", call_erf, erf, 1.2, 0},
    {"sin", call_sin, sin, 1.6, 0},
    {"cos", call_cos, cos, 1.6, 0},
};
enum { MATH_FUNCTIONS = sizeof math_functions / sizeof *math_functions };

/* The error of y in units of the last place of the float nearest to `exact`; infinite where y is wrong in kind. */
static double ulps(float y, double exact, double flush)
{
    float rounded = (float)exact;
    int exponent;

    if (isnan(exact) || isinf(rounded) || isinf(y) || isnan(y))
        return (isnan(exact) && isnan(y)) || (!isnan(exact) && y == rounded) ? 0 : INFINITY;
    if (y == 0 && fabs(exact) < flush)
        return 0;
    if (exact == 0)
        return y == 0 && !signbit(y) == !signbit(exact) ? 0 : INFINITY;
    frexp(exact, &exponent);
    return fabs((double)y - exact) / ldexp(1, exponent > -125 ? exponent - 24 : -149);
}

/* The largest error over every stride-th float, and where it is. */
static double sweep(const struct math_function *f, uint32_t stride, float *where)
{
    double worst = 0;

    *where = 0;
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += (uint64_t)stride * VEC_LANES) {
        float x[VEC_LANES], y[VEC_LANES];

        for (uint64_t i = 0; i < VEC_LANES; i++) {
            uint32_t word = (uint32_t)(bits + i * stride);
            memcpy(x + i, &word, sizeof word);
        }
        vec_store(y, f->call(vec_load(x)));
        for (int i = 0; i < VEC_LANES; i++) {
            double error = ulps(y[i], f->exact((double)x[i]), f->flush);
            if (error > worst)
                worst = error, *where = x[i];
        }
    }
    return worst;
}
