/* activation, dropout, embedding, positional_encoding, rope: what touches each element once. One phase; an item is a
 * run of elements or a block of rows.
 *
 * Floor: reading x and writing y once; the activations about 20 instructions a vector besides, dropout in training
 * ten rounds of Philox (12 instructions each) for four vectors. Angles are worked out in double in open and kept as
 * tables, that all sequences of the batch and all heads share. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/rows.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

enum { ELEMENTWISE_ITEM = 16384 }; /* floats of an item, about */

typedef struct elementwise {
    const cake_host *host;
    int kind;             /* of activation; combine; style; training */
    int64_t rows, length; /* length: floats of a row */
    int64_t block;        /* rows of an item */
    int64_t period;       /* rows of the tables: row r uses r % period */
    int64_t rotary;       /* rope: floats of a row that turn */
    float *cosine, *sine; /* tables; of positional_encoding only the first */
    const float *embedding;
    uint64_t seed, least; /* dropout: a word that is kept is at least this */
    float scale;
} elementwise;

static void elementwise_close(void *ctx)
{
    elementwise *e = ctx;

    workspace_free(e->host, e->cosine);
    workspace_free(e->host, e->sine);
    e->host->free(e->host, e);
}

static elementwise *elementwise_new(const cake_host *host, const cake_problem *problem, int64_t rows, int64_t length,
                                    int64_t step)
{
    elementwise *e = host->alloc(host, sizeof *e, 64);

    if (e) {
        *e = (elementwise){.host = host, .rows = rows, .length = length};
        e->block = rows_of_item(rows, length, ELEMENTWISE_ITEM, step, problem->threads);
    }
    return e;
}

static int64_t elementwise_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t elementwise_items(const void *ctx, int64_t phase)
{
    const elementwise *e = ctx;

    (void)phase;
    return rows_items(e->rows, e->block);
}

/* The rows (or elements) of items begin .. end-1. */
static void elementwise_range(const elementwise *e, int64_t *begin, int64_t *end)
{
    *begin *= e->block;
    *end = *end * e->block < e->rows ? *end * e->block : e->rows;
}

static int32_t activation_open(const cake_problem *problem, const cake_tensor *const *constants,
                               const cake_host *host, void **ctx)
{
    const cake_activation *p = problem->params;
    elementwise *e = elementwise_new(host, problem, p->elements, 1, 4 * VEC_LANES);

    (void)constants;
    if (!e)
        return CAKE_NO_MEMORY;
    e->kind = p->kind;
    *ctx = e;
    return CAKE_DONE;
}

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

VEC_INLINE void activation_run(int kind, const float *restrict x, float *restrict y, int64_t count)
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

static void activation_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                            int64_t phase, int64_t begin, int64_t end, int thread)
{
    const elementwise *e = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;

    (void)phase;
    (void)thread;
    elementwise_range(e, &begin, &end);
    switch (e->kind) {
    case CAKE_ACTIVATION_RELU:
        activation_run(CAKE_ACTIVATION_RELU, x + begin, y + begin, end - begin);
        break;
    case CAKE_ACTIVATION_GELU:
        activation_run(CAKE_ACTIVATION_GELU, x + begin, y + begin, end - begin);
        break;
    case CAKE_ACTIVATION_GELU_TANH:
        activation_run(CAKE_ACTIVATION_GELU_TANH, x + begin, y + begin, end - begin);
        break;
    case CAKE_ACTIVATION_SILU:
        activation_run(CAKE_ACTIVATION_SILU, x + begin, y + begin, end - begin);
        break;
    case CAKE_ACTIVATION_SIGMOID:
        activation_run(CAKE_ACTIVATION_SIGMOID, x + begin, y + begin, end - begin);
        break;
    default:
        activation_run(CAKE_ACTIVATION_TANH, x + begin, y + begin, end - begin);
        break;
    }
}

static int32_t dropout_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                            void **ctx)
{
    const cake_dropout *p = problem->params;
    elementwise *e = elementwise_new(host, problem, p->elements, 1, 4 * VEC_LANES);

    (void)constants;
    if (!e)
        return CAKE_NO_MEMORY;
    e->block = (e->block + 4 * VEC_LANES - 1) / (4 * VEC_LANES) * (4 * VEC_LANES); /* whole blocks of Philox */
    e->kind = p->training;
    e->seed = (uint64_t)p->seed;
    e->least = (uint64_t)ceil(p->p * 0x1p32);
    e->scale = 1 / (1 - (float)p->p);
    *ctx = e;
    return CAKE_DONE;
}

/* The random words of elements 4 first .. : word[i] lane j is that of element i VEC_LANES + j after them. */
static inline void dropout_words(const elementwise *e, uint64_t first, veci word[4])
{
    int32_t low[VEC_LANES], high[VEC_LANES];
    uint32_t key0 = (uint32_t)e->seed, key1 = (uint32_t)(e->seed >> 32);

    /* Lane 4 part + i computes the block that the transposition of each four lanes brings to word[i], part `part`. */
    for (int lane = 0; lane < VEC_LANES; lane++) {
        uint64_t block = first + (uint64_t)(lane % 4 * (VEC_LANES / 4) + lane / 4);
        low[lane] = (int32_t)(uint32_t)block;
        high[lane] = (int32_t)(uint32_t)(block >> 32);
    }
    word[0] = veci_load(low);
    word[1] = veci_load(high);
    word[2] = word[3] = veci_set1(0);
    for (int round = 0; round < 10; round++, key0 += 0x9e3779b9U, key1 += 0xbb67ae85U) {
        veci a_low, b_low;
        veci a_high = veci_mul_wide(word[0], veci_set1((int32_t)0xd2511f53U), &a_low);
        veci b_high = veci_mul_wide(word[2], veci_set1((int32_t)0xcd9e8d57U), &b_low);
        word[0] = veci_xor(veci_xor(b_high, word[1]), veci_set1((int32_t)key0));
        word[2] = veci_xor(veci_xor(a_high, word[3]), veci_set1((int32_t)key1));
        word[1] = b_low;
        word[3] = a_low;
    }
    veci_transpose4(word);
}

static void dropout_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                         int64_t phase, int64_t begin, int64_t end, int thread)
{
    const elementwise *e = ctx;
    const float *x = inputs[0]->data;
    float *y = outputs[0]->data;
    veci flip = veci_set1(INT32_MIN); /* turns unsigned order into signed */
    veci below = veci_set1((int32_t)((uint32_t)(e->least - 1) ^ 0x80000000U));
    vec scale = vec_set1(e->scale);

    (void)phase;
    (void)thread;
    elementwise_range(e, &begin, &end);
    while (begin < end) {
        veci word[4] = {veci_set1(0), veci_set1(0), veci_set1(0), veci_set1(0)};
        if (e->kind)
            dropout_words(e, (uint64_t)begin / 4, word);
        for (int i = 0; i < 4 && begin < end; i++, begin += VEC_LANES) {
            vec v = vec_load_left(x + begin, end - begin);
            if (e->kind && e->least > 0)
                v = e->least > UINT32_MAX
                        ? vec_zero()
                        : vec_select(veci_gt(veci_xor(word[i], flip), below), vec_mul(v, scale), vec_zero());
            vec_store_left(y + begin, v, end - begin);
        }
    }
}

static int32_t embedding_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                              void **ctx)
{
    const cake_embedding *p = problem->params;
    elementwise *e = elementwise_new(host, problem, p->rows, p->dim, 1);

    if (!e)
        return CAKE_NO_MEMORY;
    e->embedding = constants[0]->data;
    *ctx = e;
    return CAKE_DONE;
}

static void embedding_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                           int64_t phase, int64_t begin, int64_t end, int thread)
{
    const elementwise *e = ctx;
    const int32_t *ids = inputs[0]->data;
    int64_t whole = e->length - e->length % VEC_LANES;
    vmask tail = vec_mask((int)(e->length - whole));

    (void)phase;
    (void)thread;
    elementwise_range(e, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *from = e->embedding + ids[r] * e->length;
        float *y = (float *)outputs[0]->data + r * e->length;
        for (int64_t i = 0; i < whole; i += VEC_LANES)
            vec_store(y + i, vec_load(from + i));
        if (whole < e->length)
            vec_store_mask(y + whole, vec_load_mask(from + whole, tail), tail);
    }
}

static int32_t positional_encoding_open(const cake_problem *problem, const cake_tensor *const *constants,
                                        const cake_host *host, void **ctx)
{
    const cake_positional_encoding *p = problem->params;
    elementwise *e = elementwise_new(host, problem, p->batch * p->len, p->dim, 1);

    (void)constants;
    if (!e)
        return CAKE_NO_MEMORY;
    e->kind = p->combine;
    e->period = p->len;
    e->cosine = workspace_floats(host, p->len * p->dim);
    if (!e->cosine) {
        elementwise_close(e);
        return CAKE_NO_MEMORY;
    }
    for (int64_t k = 0; k < p->dim; k++) {
        double frequency = pow(p->base, -(double)(k - k % 2) / (double)p->dim);
        for (int64_t t = 0; t < p->len; t++) {
            double angle = (double)(p->start + t) * frequency;
            e->cosine[t * p->dim + k] = (float)(k % 2 == 0 ? sin(angle) : cos(angle));
        }
    }
    *ctx = e;
    return CAKE_DONE;
}

static void positional_encoding_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                     int64_t phase, int64_t begin, int64_t end, int thread)
{
    const elementwise *e = ctx;

    (void)phase;
    (void)thread;
    elementwise_range(e, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = (const float *)inputs[0]->data + r * e->length;
        const float *table = e->cosine + r % e->period * e->length;
        float *y = (float *)outputs[0]->data + r * e->length;
        for (int64_t i = 0; i < e->length; i += VEC_LANES) {
            vec a = vec_load_left(x + i, e->length - i), b = vec_load_left(table + i, e->length - i);
            vec_store_left(y + i, e->kind == CAKE_COMBINE_ADD ? vec_add(a, b) : vec_mul(a, b), e->length - i);
        }
    }
}

static int32_t rope_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                         void **ctx)
{
    const cake_rope *p = problem->params;
    elementwise *e = elementwise_new(host, problem, p->batch * p->heads * p->len, p->head_dim, 1);
    int64_t pairs = p->rotary_dim / 2;

    (void)constants;
    if (!e)
        return CAKE_NO_MEMORY;
    e->kind = p->style;
    e->period = p->len;
    e->rotary = p->rotary_dim;
    e->cosine = workspace_floats(host, p->len * p->rotary_dim);
    e->sine = workspace_floats(host, p->len * p->rotary_dim);
    if (!e->cosine || !e->sine) {
        elementwise_close(e);
        return CAKE_NO_MEMORY;
    }
    /* y = x cosine + (x of the pair's other element) sine, with the sign in the table */
    for (int64_t i = 0; i < pairs; i++) {
        double frequency = pow(p->base, -2 * (double)i / (double)p->rotary_dim);
        int64_t first = p->style == CAKE_ROPE_HALF ? i : 2 * i;
        int64_t second = p->style == CAKE_ROPE_HALF ? i + pairs : 2 * i + 1;
        for (int64_t t = 0; t < p->len; t++) {
            double angle = (double)(p->start + t) * frequency;
            float *cosine = e->cosine + t * e->rotary, *sine = e->sine + t * e->rotary;
            cosine[first] = cosine[second] = (float)cos(angle);
            sine[first] = (float)-sin(angle);
            sine[second] = (float)sin(angle);
        }
    }
    *ctx = e;
    return CAKE_DONE;
}

/* The other element of each pair of x[i] ..: `half` away, or the neighbour. */
VEC_INLINE vec rope_others(int style, const float *x, int64_t i, int64_t pairs, vec here, int64_t left)
{
    if (style == CAKE_ROPE_INTERLEAVED)
        return vec_swap_pairs(here);
    return vec_load_left(x + (i < pairs ? i + pairs : i - pairs), left);
}

VEC_INLINE void rope_turn(int style, const elementwise *e, const float *restrict x, float *restrict y, int64_t begin,
                          int64_t end, const float *cosine, const float *sine)
{
    for (int64_t i = begin; i < end; i += VEC_LANES) {
        int64_t left = end - i;
        vec here = vec_load_left(x + i, left), others = rope_others(style, x, i, e->rotary / 2, here, left);
        vec turned = vec_mul(others, vec_load_left(sine + i, left));
        vec_store_left(y + i, vec_fma(here, vec_load_left(cosine + i, left), turned), left);
    }
}

static void rope_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                      int64_t begin, int64_t end, int thread)
{
    const elementwise *e = ctx;

    (void)phase;
    (void)thread;
    elementwise_range(e, &begin, &end);
    for (int64_t r = begin; r < end; r++) {
        const float *x = (const float *)inputs[0]->data + r * e->length;
        float *y = (float *)outputs[0]->data + r * e->length;
        const float *cosine = e->cosine + r % e->period * e->rotary, *sine = e->sine + r % e->period * e->rotary;
        if (e->kind == CAKE_ROPE_HALF) {
            rope_turn(CAKE_ROPE_HALF, e, x, y, 0, e->rotary / 2, cosine, sine);
            rope_turn(CAKE_ROPE_HALF, e, x, y, e->rotary / 2, e->rotary, cosine, sine);
        } else {
            rope_turn(CAKE_ROPE_INTERLEAVED, e, x, y, 0, e->rotary, cosine, sine);
        }
        for (int64_t i = e->rotary; i < e->length; i += VEC_LANES)
            vec_store_left(y + i, vec_load_left(x + i, e->length - i), e->length - i);
    }
}
