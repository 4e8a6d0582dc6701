/* activation: y = f(x) for each element
 *
 *   relu       max(x, 0)
 *   gelu       x (1 + erf(x / sqrt 2)) / 2                            (Hendrycks and Gimpel 2016)
 *   gelu_tanh  x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
 *   silu       x / (1 + exp(-x))                                      (Elfwing et al. 2017)
 *   sigmoid    1 / (1 + exp(-x))
 *   tanh */
#include <math.h>

#include "naive.h"

float naive_activate(int32_t kind, float x)
{
    switch (kind) {
    case CAKE_ACTIVATION_GELU:
        return x * (1 + erff(x * 0.70710678f)) / 2;
    case CAKE_ACTIVATION_GELU_TANH:
        return x * (1 + tanhf(0.79788456f * (x + 0.044715f * x * x * x))) / 2;
    case CAKE_ACTIVATION_SILU:
        return x / (1 + expf(-x));
    case CAKE_ACTIVATION_SIGMOID:
        return 1 / (1 + expf(-x));
    case CAKE_ACTIVATION_TANH:
        return tanhf(x);
    default:
        return x > 0 ? x : 0;
    }
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_activation *p = params;

    for (int64_t i = 0; i < p->elements; i++)
        t->output[0][i] = naive_activate(p->kind, t->input[0][i]);
}

const naive_layer naive_activation = {.compute = compute};
