/* A function of each element of a run of floats. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ACTIVATION_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ACTIVATION_INC_H

#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"
#include "layercake/ops.h"

enum {
    ACTIVATION_VECTORS = VEC_REGISTERS == 32 ? 5 : 3,                       /* computed in step */
    ACTIVATION_GELU_VECTORS = VEC_REGISTERS == 32 ? 4 : ACTIVATION_VECTORS, /* whose constants take more registers */
    ACTIVATION_STEP = ACTIVATION_VECTORS * VEC_LANES                        /* elements */
};

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

VEC_INLINE void activation_each(int kind, const float *x, float *y, int64_t count)
{
    const int vectors = kind == CAKE_ACTIVATION_GELU ? ACTIVATION_GELU_VECTORS : ACTIVATION_VECTORS;
    int64_t i = 0;

    for (; i + vectors * VEC_LANES <= count; i += vectors * VEC_LANES) {
        vec v[ACTIVATION_VECTORS];
        VEC_UNROLL
        for (int j = 0; j < vectors; j++)
            v[j] = activation_of(kind, vec_load(x + i + j * VEC_LANES));
        VEC_UNROLL
        for (int j = 0; j < vectors; j++)
            vec_store(y + i + j * VEC_LANES, v[j]);
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
        activation_each(CAKE_ACTIVATION_RELU, x, y, count);
        break;
    case CAKE_ACTIVATION_GELU:
        activation_each(CAKE_ACTIVATION_GELU, x, y, count);
        break;
    case CAKE_ACTIVATION_GELU_TANH:
        activation_each(CAKE_ACTIVATION_GELU_TANH, x, y, count);
        break;
    case CAKE_ACTIVATION_SILU:
        activation_each(CAKE_ACTIVATION_SILU, x, y, count);
        break;
    case CAKE_ACTIVATION_SIGMOID:
        activation_each(CAKE_ACTIVATION_SIGMOID, x, y, count);
        break;
    default:
        activation_each(CAKE_ACTIVATION_TANH, x, y, count);
        break;
    }
}

#endif
