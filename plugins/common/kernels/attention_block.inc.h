/* One block of queries of attention by tiles with an online softmax: what attention_tiled and the composed layers do.
 * Milakov and Gimelshein 2018 ("Online normalizer calculation for softmax"), Dao et al. 2022 ("FlashAttention").
 *
 * A vector's lanes are queries, so that the softmax needs no horizontal step and neither keys nor values are packed:
 * a micro-tile broadcasts them from where they lie (packing values for several blocks measured no better). The
 * queries of all heads that share a key-value head are one matrix. For each tile of keys: scores (transposed) into L1
 * with the running maximum of each lane, weights 2^(s - m) in place (scale and log2 e are folded into the queries),
 * and the result times 2^(old m - m) plus weights times values. Tiles that no query of the block sees are skipped.
 *
 * Floor: (head_dim + v_dim) FMAs a score; exp costs about 12 instructions a score besides: 5 % at head_dim 128,
 * 9 % at 64. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ATTENTION_BLOCK_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ATTENTION_BLOCK_INC_H

#include <math.h>

#include "common/kernels/attention_tile.inc.h"
#include "common/vec/vec_math.h"
#include "layercake/ops.h"

enum { ATTENTION_KEYS = 16 * ATTENTION_MR * (VEC_REGISTERS == 32 ? 1 : 2) }; /* of a tile: its scores stay in L1 */

/* Where a tensor's rows lie: floats from a position to the next, from a head, from a sequence of the batch. */
typedef struct attention_rows {
    int64_t row, head, sequence;
} attention_rows;

typedef struct attention_plan {
    cake_attention op;
    attention_rows q, k, v, y;
    int64_t rows, blocks;   /* queries of a key-value head, and blocks of them */
    int64_t scratch_floats; /* of a thread */
} attention_plan;

typedef struct attention_call {
    const float *q, *k, *v;
    const float *mask; /* or NULL */
    float *y;
} attention_call;

/* Of one block of queries. */
typedef struct attention_block {
    float *q, *s, *o;              /* [head_dim], [ATTENTION_KEYS], [v_dim] rows of ATTENTION_ROWS */
    float *m, *l, *factor, *top;   /* [ATTENTION_ROWS]: maximum, sum, rescaling, largest of the tile */
    int32_t limit[ATTENTION_ROWS]; /* keys that each query sees */
    int64_t first, count;          /* rows of the block */
    int64_t q_at[ATTENTION_ROWS], y_at[ATTENTION_ROWS]; /* where they begin */
    int64_t keys, all_see;                              /* seen by some query, by all */
    int half;
} attention_block;

/* Tensors as in the op: dense. */
static inline attention_plan attention_plan_of(const cake_attention *p)
{
    attention_plan a = {.op = *p};

    a.q = (attention_rows){p->head_dim, p->q_len * p->head_dim, p->heads * p->q_len * p->head_dim};
    a.k = (attention_rows){p->head_dim, p->kv_len * p->head_dim, p->kv_heads * p->kv_len * p->head_dim};
    a.v = (attention_rows){p->v_dim, p->kv_len * p->v_dim, p->kv_heads * p->kv_len * p->v_dim};
    a.y = (attention_rows){p->v_dim, p->q_len * p->v_dim, p->heads * p->q_len * p->v_dim};
    a.rows = p->heads / p->kv_heads * p->q_len;
    a.blocks = (a.rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    a.scratch_floats = (p->head_dim + ATTENTION_KEYS + p->v_dim + 4) * ATTENTION_ROWS;
    return a;
}

static inline int64_t attention_items(const attention_plan *a)
{
    return a->op.batch * a->op.kv_heads * a->blocks;
}

/* How many keys, from the first on, query i of a head sees. */
static inline int64_t attention_visible(const cake_attention *p, int64_t i)
{
    int64_t seen = p->causal == CAKE_CAUSAL_NO           ? p->kv_len
                   : p->causal == CAKE_CAUSAL_UPPER_LEFT ? i + 1
                                                         : i + 1 + p->kv_len - p->q_len;

    return seen < 0 ? 0 : seen < p->kv_len ? seen : p->kv_len;
}

/* to [head_dim][ATTENTION_ROWS] = factor times the transpose of the block's queries; lanes beyond are 0. */
static void attention_transpose_in(const attention_plan *a, const attention_block *b, const float *q, float factor,
                                   float *to)
{
    int64_t columns = a->op.head_dim;
    vec scale = vec_set1(factor);

    for (int64_t r = 0; r < ATTENTION_ROWS; r += VEC_LANES)
        for (int64_t c = 0; c < columns; c += VEC_LANES) {
            int64_t left = columns - c < VEC_LANES ? columns - c : VEC_LANES;
            vmask m = vec_mask((int)left);
            vec x[VEC_LANES];
            for (int64_t i = 0; i < VEC_LANES; i++)
                x[i] = r + i < b->count ? vec_load_mask(q + b->q_at[r + i] + c, m) : vec_zero();
            vec_transpose(x);
            for (int64_t i = 0; i < left; i++)
                vec_store(to + (c + i) * ATTENTION_ROWS + r, vec_mul(x[i], scale));
        }
}

/* The block's rows of y = the transpose of o, each lane times its factor. */
static void attention_transpose_out(const attention_plan *a, const attention_block *b, float *y)
{
    int64_t columns = a->op.v_dim;

    for (int64_t r = 0; r < b->count; r += VEC_LANES)
        for (int64_t c = 0; c < columns; c += VEC_LANES) {
            int64_t left = columns - c < VEC_LANES ? columns - c : VEC_LANES;
            vmask m = vec_mask((int)left);
            vec x[VEC_LANES], f = vec_load(b->factor + r);
            for (int64_t i = 0; i < VEC_LANES; i++)
                x[i] = i < left ? vec_mul(vec_load(b->o + (c + i) * ATTENTION_ROWS + r), f) : vec_zero();
            vec_transpose(x);
            for (int64_t i = 0; i < VEC_LANES && r + i < b->count; i++)
                vec_store_mask(y + b->y_at[r + i] + c, x[i], m);
        }
}

/* Add the mask tensor, log2 e times, to the scores of keys first .. first + count - 1. */
static void attention_add_mask(const attention_plan *a, const attention_block *b, const float *mask, int64_t first,
                               int64_t count)
{
    vec log2_e = vec_set1(VEC_LOG2_E);

    for (int64_t r = 0; r < b->count; r += VEC_LANES)
        for (int64_t j = 0; j < count; j += VEC_LANES) {
            int64_t left = count - j < VEC_LANES ? count - j : VEC_LANES;
            vmask m = vec_mask((int)left);
            vec x[VEC_LANES];
            for (int64_t i = 0; i < VEC_LANES; i++) {
                int64_t row = (b->first + r + i) % a->op.q_len;
                x[i] = r + i < b->count ? vec_load_mask(mask + row * a->op.kv_len + first + j, m) : vec_zero();
            }
            vec_transpose(x);
            for (int64_t i = 0; i < left; i++) {
                float *s = b->s + (j + i) * ATTENTION_ROWS + r;
                vec_store(s, vec_fma(x[i], log2_e, vec_load(s)));
            }
        }
}

/* Put -infinity where a query does not see the key, and find the largest anew. */
static void attention_hide(const attention_block *b, int64_t first, int64_t count)
{
    vec hidden = vec_set1(-INFINITY);

    for (int v = 0; v < ATTENTION_NV; v++) {
        veci limit = veci_load(b->limit + v * VEC_LANES);
        vec top = hidden;
        for (int64_t j = 0; j < count; j++) {
            float *s = b->s + j * ATTENTION_ROWS + v * VEC_LANES;
            vec x = vec_select(veci_gt(limit, veci_set1((int32_t)(first + j))), vec_load(s), hidden);
            top = vec_max(top, x);
            vec_store(s, x);
        }
        vec_store(b->top + v * VEC_LANES, top);
    }
}

/* Scores to weights; maximum, sum and the factor for what was summed before. */
static void attention_softmax(const attention_block *b, int64_t count)
{
    vec lowest = vec_set1(-INFINITY);

    for (int v = 0; v < ATTENTION_NV - b->half; v++) {
        float *s = b->s + v * VEC_LANES;
        vec old = vec_load(b->m + v * VEC_LANES), m = vec_max(old, vec_load(b->top + v * VEC_LANES));
        vec base = vec_select(vec_eq(m, lowest), vec_zero(), m); /* a query that has seen nothing yet */
        vec factor = vec_exp2_neg(vec_sub(old, base)), sum0 = vec_zero(), sum1 = vec_zero();
        int64_t j = 0;
        for (; j + 2 <= count; j += 2, s += 2 * ATTENTION_ROWS) {
            vec w0 = vec_exp2_neg(vec_sub(vec_load(s), base));
            vec w1 = vec_exp2_neg(vec_sub(vec_load(s + ATTENTION_ROWS), base));
            vec_store(s, w0);
            vec_store(s + ATTENTION_ROWS, w1);
            sum0 = vec_add(sum0, w0);
            sum1 = vec_add(sum1, w1);
        }
        if (j < count) {
            vec w = vec_exp2_neg(vec_sub(vec_load(s), base));
            vec_store(s, w);
            sum0 = vec_add(sum0, w);
        }
        vec_store(b->m + v * VEC_LANES, m);
        vec_store(b->factor + v * VEC_LANES, factor);
        vec_store(b->l + v * VEC_LANES, vec_fma(vec_load(b->l + v * VEC_LANES), factor, vec_add(sum0, sum1)));
    }
}

/* Set up a block: its rows, what they see, its queries transposed. */
static void attention_begin(const attention_plan *a, attention_block *b, int64_t block, float *scratch,
                            const float *q)
{
    const cake_attention *p = &a->op;

    b->q = scratch;
    b->s = b->q + p->head_dim * ATTENTION_ROWS;
    b->o = b->s + ATTENTION_KEYS * ATTENTION_ROWS;
    b->m = b->o + p->v_dim * ATTENTION_ROWS;
    b->l = b->m + ATTENTION_ROWS;
    b->factor = b->l + ATTENTION_ROWS;
    b->top = b->factor + ATTENTION_ROWS;
    b->first = block * ATTENTION_ROWS;
    b->count = a->rows - b->first < ATTENTION_ROWS ? a->rows - b->first : ATTENTION_ROWS;
    b->half = b->count <= VEC_LANES;
    b->keys = 0;
    b->all_see = p->kv_len;
    for (int64_t i = 0; i < ATTENTION_ROWS; i++) {
        int64_t head = (b->first + i) / p->q_len, query = (b->first + i) % p->q_len;
        int64_t seen = i < b->count ? attention_visible(p, query) : 0;
        b->limit[i] = (int32_t)seen;
        b->q_at[i] = head * a->q.head + query * a->q.row;
        b->y_at[i] = head * a->y.head + query * a->y.row;
        b->m[i] = -INFINITY;
        b->l[i] = 0;
        b->keys = seen > b->keys ? seen : b->keys;
        b->all_see = i < b->count && seen < b->all_see ? seen : b->all_see;
    }
    attention_transpose_in(a, b, q, (float)(p->scale * (double)VEC_LOG2_E), b->q);
}

/* Take in keys first .. first + count - 1. */
static void attention_step(const attention_plan *a, attention_block *b, const float *k, const float *v,
                           const float *mask, int64_t first, int64_t count)
{
    const cake_attention *p = &a->op;
    attention_tile scores = {.depth = p->head_dim,
                             .a = k + first * a->k.row,
                             .across = a->k.row,
                             .along = 1,
                             .b = b->q,
                             .c = b->s,
                             .largest = b->top};
    attention_tile values = {.depth = count,
                             .a = v + first * a->v.row,
                             .across = 1,
                             .along = a->v.row,
                             .b = b->s,
                             .c = b->o,
                             .factor = first > 0 ? b->factor : NULL};

    for (int i = 0; i < ATTENTION_ROWS; i++)
        b->top[i] = -INFINITY;
    attention_product(&scores, count, b->half);
    if (mask)
        attention_add_mask(a, b, mask, first, count);
    if (mask || first + count > b->all_see)
        attention_hide(b, first, count);
    attention_softmax(b, count);
    attention_product(&values, p->v_dim, b->half);
}

static void attention_end(const attention_plan *a, attention_block *b, float *y)
{
    const cake_attention *p = &a->op;

    for (int i = 0; i < ATTENTION_ROWS; i++)
        b->factor[i] = b->l[i] > 0 ? 1 / b->l[i] : 0;
    if (b->keys == 0) /* nothing is seen */
        for (int64_t i = 0; i < p->v_dim * ATTENTION_ROWS; i++)
            b->o[i] = 0;
    attention_transpose_out(a, b, y);
}

/* A block of the queries of a key-value head; scratch: [scratch_floats], 64-byte aligned. */
static void attention_item(const attention_plan *a, const attention_call *call, int64_t item, float *scratch)
{
    const cake_attention *p = &a->op;
    int64_t head = item / a->blocks % p->kv_heads, sequence = item / (a->blocks * p->kv_heads), tiles;
    int64_t query = head * (p->heads / p->kv_heads);
    const float *k = call->k + head * a->k.head + sequence * a->k.sequence;
    const float *v = call->v + head * a->v.head + sequence * a->v.sequence;
    attention_block b;

    attention_begin(a, &b, item % a->blocks, scratch, call->q + query * a->q.head + sequence * a->q.sequence);
    tiles = (b.keys + ATTENTION_KEYS - 1) / ATTENTION_KEYS;
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t first = tile * b.keys / tiles, next = (tile + 1) * b.keys / tiles;
        attention_step(a, &b, k, v, call->mask, first, next - first);
    }
    attention_end(a, &b, call->y + query * a->y.head + sequence * a->y.sequence);
}

#endif
