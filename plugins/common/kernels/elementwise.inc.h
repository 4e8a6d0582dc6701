/* dropout, embedding, positional_encoding, rope: what touches each element once. One phase; an item is a
 * run of elements or a block of rows.
 *
 * Floor: reading x and writing y once; dropout in training ten rounds of Philox (12 instructions each) for four
 * vectors besides. Angles are worked out in double in open and kept as tables, that all sequences of the batch and all
 * heads share. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/rope.inc.h"
#include "common/kernels/rows.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

enum { ELEMENTWISE_ITEM = 16384 }; /* floats of an item, about */

typedef struct elementwise {
    const cake_host *host;
    int kind;             /* combine; style; training */
    int64_t rows, length; /* length: floats of a row */
    int64_t block;        /* rows of an item */
    int64_t period;       /* positional_encoding: rows of its table; row r uses r % period */
    float *positions;     /* the table */
    rope_table turns;     /* rope */
    const float *embedding;
    uint64_t seed, least; /* dropout: a word that is kept is at least this */
    float scale;
} elementwise;

static void elementwise_close(void *ctx)
{
    elementwise *e = ctx;

    workspace_free(e->host, e->positions);
    rope_table_free(&e->turns, e->host);
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
    e->positions = workspace_floats(host, p->len * p->dim);
    if (!e->positions) {
        elementwise_close(e);
        return CAKE_NO_MEMORY;
    }
    for (int64_t k = 0; k < p->dim; k++) {
        double frequency = pow(p->base, -(double)(k - k % 2) / (double)p->dim);
        for (int64_t t = 0; t < p->len; t++) {
            double angle = (double)(p->start + t) * frequency;
            e->positions[t * p->dim + k] = (float)(k % 2 == 0 ? sin(angle) : cos(angle));
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
        const float *table = e->positions + r % e->period * e->length;
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

    (void)constants;
    if (!e)
        return CAKE_NO_MEMORY;
    if (!rope_table_make(&e->turns, host, p->style, p->rotary_dim, p->len, p->start, p->base)) {
        elementwise_close(e);
        return CAKE_NO_MEMORY;
    }
    *ctx = e;
    return CAKE_DONE;
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
        rope_row(&e->turns, r % e->turns.len, x, y);
        for (int64_t i = e->turns.rotary; i < e->length; i += VEC_LANES)
            vec_store_left(y + i, vec_load_left(x + i, e->length - i), e->length - i);
    }
}
