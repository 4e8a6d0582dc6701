/* A function of each element of a run of floats. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ACTIVATION_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ACTIVATION_INC_H

#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"
#include "layercake/ops.h"

VEC_INLINE vec activation_of(int kind, vec x)
{
    switch (kind) {
    case CAKE_ACTIVATION_RELU:
        return vec_relu(x);
    case CAKE_ACTIVATION_GELU:
        return vec_gelu(x);
    case CAKE_ACTIVATION_GELU_TANH:
        return vec_gelu_tanh(x);
    case CAKE_ACTIVATION_SILU:
        return vec_silu(x);
    case CAKE_ACTIVATION_SIGMOID:
        return vec_sigmoid(x);
    default:
        return vec_tanh(x);
    }
}

VEC_INLINE void activation_run(int kind, const float *x, float *y, int64_t count)
{
    int64_t i = 0;

    for (; i + 2 * VEC_LANES <= count; i += 2 * VEC_LANES) {
        vec a = activation_of(kind, vec_load(x + i)), b = activation_of(kind, vec_load(x + i + VEC_LANES));
        vec_store(y + i, a);
        vec_store(y + i + VEC_LANES, b);
    }
    for (; i < count; i += VEC_LANES) {
        vec_store_left(y + i, activation_of(kind, vec_load_left(x + i, count - i)), count - i);
    }
}

/* y = f(x); y may be x. */
static void activation_apply(int kind, const float *x, float *y, int64_t count)
{
    switch (kind) {
    case CAKE_ACTIVATION_RELU:
        activation_run(CAKE_ACTIVATION_RELU, x, y, count);
        break;
    case CAKE_ACTIVATION_GELU:
        activation_run(CAKE_ACTIVATION_GELU, x, y, count);
        break;
    case CAKE_ACTIVATION_GELU_TANH:
        activation_run(CAKE_ACTIVATION_GELU_TANH, x, y, count);
        break;
    case CAKE_ACTIVATION_SILU:
        activation_run(CAKE_ACTIVATION_SILU, x, y, count);
        break;
    case CAKE_ACTIVATION_SIGMOID:
        activation_run(CAKE_ACTIVATION_SIGMOID, x, y, count);
        break;
    default:
        activation_run(CAKE_ACTIVATION_TANH, x, y, count);
        break;
    }
}

#endif
