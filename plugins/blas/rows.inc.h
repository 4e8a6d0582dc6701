/* The functions of rows.h over the vector header that was included before. */
#include <math.h>

#include "blas/rows.h"
#include "common/vec/vec_math.h"

/* A vector at p of which `left` or all lanes are there. */
static inline vec load(const float *p, int64_t left)
{
    return left >= VEC_LANES ? vec_load(p) : vec_load_mask(p, vec_mask((int)left));
}

static inline void store(float *p, vec a, int64_t left)
{
    if (left >= VEC_LANES)
        vec_store(p, a);
    else
        vec_store_mask(p, a, vec_mask((int)left));
}

static float softmax(float *row, const float *mask, int64_t n)
{
    const vec lowest = vec_set1(-INFINITY);
    vec largest = lowest, sum = vec_zero();

    for (int64_t i = 0; i < n; i += VEC_LANES) {
        vec a = load(row + i, n - i);

        if (mask) {
            a = vec_add(a, load(mask + i, n - i));
            store(row + i, a, n - i);
        }
        if (n - i < VEC_LANES)
            a = vec_select(vec_mask((int)(n - i)), a, lowest);
        largest = vec_max(largest, a);
    }
    largest = vec_set1(vec_hmax(largest));
    for (int64_t i = 0; i < n; i += VEC_LANES) {
        vec a = vec_exp_neg(vec_sub(load(row + i, n - i), largest));

        store(row + i, a, n - i);
        if (n - i < VEC_LANES)
            a = vec_select(vec_mask((int)(n - i)), a, vec_zero());
        sum = vec_add(sum, a);
    }
    return vec_sum(sum);
}

static void scale(float *row, float factor, int64_t n)
{
    for (int64_t i = 0; i < n; i += VEC_LANES)
        store(row + i, vec_mul(load(row + i, n - i), vec_set1(factor)), n - i);
}

/* The sum of gate g at place i. */
static inline vec gate(const blas_cell_row *r, int64_t g, int64_t i)
{
    int64_t at = g * r->hidden + i, left = r->hidden - i;

    return vec_add(vec_add(load(r->from_input + at, left), load(r->from_state + at, left)), load(r->bias + at, left));
}

static void cell_tanh(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES)
        store(r->out + i, vec_tanh(gate(r, 0, i)), r->hidden - i);
}

static void cell_relu(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES)
        store(r->out + i, vec_max(gate(r, 0, i), vec_zero()), r->hidden - i);
}

/* Gates i o f c. */
static void cell_lstm(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES) {
        int64_t left = r->hidden - i;
        vec kept = vec_mul(vec_sigmoid(gate(r, 2, i)), load(r->c + i, left));
        vec c = vec_fma(vec_sigmoid(gate(r, 0, i)), vec_tanh(gate(r, 3, i)), kept);

        store(r->c + i, c, left);
        store(r->out + i, vec_mul(vec_sigmoid(gate(r, 1, i)), vec_tanh(c)), left);
    }
}

/* (1 - z) n + z h with z from gate 0. */
static inline vec gru_mix(const blas_cell_row *r, vec candidate, int64_t i)
{
    vec z = vec_sigmoid(gate(r, 0, i));

    return vec_fma(z, load(r->h + i, r->hidden - i), vec_mul(vec_sub(vec_set1(1), z), candidate));
}

/* Gates z r h. */
static void cell_gru(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES) {
        int64_t at = 2 * r->hidden + i, left = r->hidden - i;
        vec state = vec_add(load(r->from_state + at, left), load(r->state_bias + i, left));
        vec input = vec_add(load(r->from_input + at, left), load(r->bias + at, left));
        vec candidate = vec_tanh(vec_fma(vec_sigmoid(gate(r, 1, i)), state, input));

        store(r->out + i, gru_mix(r, candidate, i), left);
    }
}

static void gru_reset(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES)
        store(r->out + i, vec_mul(vec_sigmoid(gate(r, 1, i)), load(r->h + i, r->hidden - i)), r->hidden - i);
}

static void gru_update(const blas_cell_row *r)
{
    for (int64_t i = 0; i < r->hidden; i += VEC_LANES)
        store(r->out + i, gru_mix(r, vec_tanh(gate(r, 2, i)), i), r->hidden - i);
}

#define ROWS_TABLE                                                                                                   \
    {                                                                                                                \
        .softmax = softmax, .scale = scale, .cell_tanh = cell_tanh, .cell_relu = cell_relu, .cell_lstm = cell_lstm,  \
        .cell_gru = cell_gru, .gru_reset = gru_reset, .gru_update = gru_update                                       \
    }
