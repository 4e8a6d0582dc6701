/* The textbook's loops, one file an op. Each computes a whole layer on row-major f32 tensors, on one thread.
 *
 * The arrays hold the tensors in the order of ops.h: inputs x, ..., constants w, ..., outputs y, ... */
#ifndef LAYERCAKE_PLUGINS_NAIVE_H
#define LAYERCAKE_PLUGINS_NAIVE_H

#include "layercake/plugin.h"

typedef struct naive_tensors {
    const float *input[16]; /* of tensors that are not f32 (ids): what their type says */
    const float *constant[16];
    float *output[16];
    float *scratch; /* as many floats as the layer asked for */
} naive_tensors;

/* A layer: what a kernel's `data` points to. */
typedef struct naive_layer {
    void (*compute)(const void *params, const naive_tensors *tensors);
    int64_t (*scratch)(const void *params); /* floats of scratch memory; NULL: none */
    /* What is made of the constants once, into scratch memory; NULL: nothing. */
    void (*prepare)(const void *params, const naive_tensors *tensors);
} naive_layer;

extern const naive_layer naive_linear, naive_conv2d, naive_conv3d, naive_conv_transpose2d, naive_pool2d, naive_pool3d,
    naive_batch_norm, naive_layer_norm, naive_rms_norm, naive_group_norm, naive_attention, naive_rnn, naive_softmax,
    naive_activation, naive_embedding, naive_positional_encoding, naive_rope, naive_dropout, naive_mha,
    naive_transformer_block, naive_moe, naive_mla, naive_deepseek_block, naive_tokenize;

/* f(x) of one element; kind: CAKE_ACTIVATION_... (activation.c). */
float naive_activate(int32_t kind, float x);

/* The first rotary_dim elements of a vector, turned by its position (rope.c). y may be x. */
void naive_rotate(const float *x, float *y, int64_t rotary_dim, int32_t style, int64_t position, double base);

#endif
