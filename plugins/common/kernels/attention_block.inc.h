/* One block of queries of attention by tiles with an online softmax: what attention_tiled and the composed layers do.
 * Milakov and Gimelshein 2018 ("Online normalizer calculation for softmax"), Dao et al. 2022 ("FlashAttention").
 *
 * A vector's lanes are queries, so that the softmax needs no horizontal step and neither keys nor values are packed:
 * a micro-tile broadcasts them from where they lie (packing values for several blocks measured no better). The
 * queries of all heads that share a key-value head are one matrix, the heads of a position next to each other: so a
 * block's queries see nearly the same keys. For each tile of keys: scores (transposed) with the running
 * maximum of each lane, weights 2^(s - m) in place (scale and log2 e are folded into the queries), and the result
 * times 2^(old m - m) plus weights times values. Keys that no query of the block sees are skipped; those that only
 * the second vector's queries see are left out of the first one's products.
 *
 * Floor: (head_dim + v_dim) FMAs a score; exp takes about 5 cycles a vector of scores besides: 4 % at head_dim 128,
 * 7 % at 64. Causal attention computes about VEC_LANES / 2 / (heads / kv_heads) scores too many a query. Include a
 * vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ATTENTION_BLOCK_INC_H
#define LAYERCAKE_PLUGINS_COMMON_ATTENTION_BLOCK_INC_H

#include <math.h>

#include "common/kernels/attention_tile.inc.h"
#include "common/vec/vec_math.h"
#include "layercake/ops.h"

/* Keys of a tile: its scores take 49 KiB (AVX-512) or 21 KiB (AVX2), about L1. */
enum { ATTENTION_KEYS = 28 * ATTENTION_MR * (VEC_REGISTERS == 32 ? 1 : 2) };

/* Where a tensor's rows lie: floats from a position to the next, from a head, from a sequence of the batch. */
typedef struct attention_rows {
    int64_t row, head, sequence;
} attention_rows;

typedef struct attention_plan {
    cake_attention op;
    attention_rows q, k, v, y;
    int64_t group, rows, blocks; /* query heads of a key-value head, their queries, and blocks of them */
    int64_t scratch_floats;      /* of a thread */
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
    int64_t keys, both, all_see; /* seen by some query, by some query of the first vector, by all */
    int half;                    /* only the first vector has queries */
    const float *queries;        /* of the key-value head */
    float *y;                    /* likewise */
    int64_t ahead;               /* floats from a query to that of the next block */
    int64_t fetched;             /* rows of the next block's queries, and of this one's results */
} attention_block;

/* Of a tile of keys: first .. first + count - 1. Both vectors count for the first `both`, of which every query sees
 * the first `clear`; the rest is the second vector's. */
typedef struct attention_keys {
    int64_t first, count, both, clear;
} attention_keys;

/* Tensors as in the op: dense. */
static inline attention_plan attention_plan_of(const cake_attention *p)
{
    attention_plan a = {.op = *p};

    a.q = (attention_rows){p->head_dim, p->q_len * p->head_dim, p->heads * p->q_len * p->head_dim};
    a.k = (attention_rows){p->head_dim, p->kv_len * p->head_dim, p->kv_heads * p->kv_len * p->head_dim};
    a.v = (attention_rows){p->v_dim, p->kv_len * p->v_dim, p->kv_heads * p->kv_len * p->v_dim};
    a.y = (attention_rows){p->v_dim, p->q_len * p->v_dim, p->heads * p->q_len * p->v_dim};
    a.group = p->heads / p->kv_heads;
    a.rows = a.group * p->q_len;
    a.blocks = (a.rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    a.scratch_floats = (p->head_dim + ATTENTION_KEYS + p->v_dim + 4) * ATTENTION_ROWS;
    return a;
}

static inline int64_t attention_items(const attention_plan *a)
{
    return a->op.batch * a->op.kv_heads * a->blocks;
}

static inline int64_t attention_clamp(int64_t x, int64_t most)
{
    return x < 0 ? 0 : x < most ? x : most;
}

/* How many keys, from the first on, query i of a head sees. */
static inline int64_t attention_visible(const cake_attention *p, int64_t i)
{
    int64_t seen = p->causal == CAKE_CAUSAL_NO           ? p->kv_len
                   : p->causal == CAKE_CAUSAL_UPPER_LEFT ? i + 1
                                                         : i + 1 + p->kv_len - p->q_len;

    return attention_clamp(seen, p->kv_len);
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
                int64_t row = (b->first + r + i) / a->group;
                x[i] = r + i < b->count ? vec_load_mask(mask + row * a->op.kv_len + first + j, m) : vec_zero();
            }
            vec_transpose(x);
            for (int64_t i = 0; i < left; i++) {
                float *s = b->s + (j + i) * ATTENTION_ROWS + r;
                vec_store(s, vec_fma(x[i], log2_e, vec_load(s)));
            }
        }
}

/* How many of the tile's keys count for a vector's queries. */
static inline int64_t attention_counted(const attention_keys *keys, int vector)
{
    return vector == ATTENTION_NV - 1 ? keys->count : keys->both;
}

/* Put -infinity where a query does not see the key, and take what it sees of these keys into the largest. */
static void attention_hide(const attention_block *b, const attention_keys *keys)
{
    vec hidden = vec_set1(-INFINITY);

    for (int v = 0; v < ATTENTION_NV; v++) {
        veci limit = veci_load(b->limit + v * VEC_LANES);
        vec top = vec_load(b->top + v * VEC_LANES);
        for (int64_t j = keys->clear; j < attention_counted(keys, v); j++) {
            float *s = b->s + j * ATTENTION_ROWS + v * VEC_LANES;
            vec x = vec_select(veci_gt(limit, veci_set1((int32_t)(keys->first + j))), vec_load(s), hidden);
            top = vec_max(top, x);
            vec_store(s, x);
        }
        vec_store(b->top + v * VEC_LANES, top);
    }
}

/* Scores to weights; maximum, sum and the factor for what was summed before. */
static void attention_softmax(const attention_block *b, const attention_keys *keys)
{
    vec lowest = vec_set1(-INFINITY);

    for (int v = 0; v < ATTENTION_NV - b->half; v++) {
        float *s = b->s + v * VEC_LANES;
        vec old = vec_load(b->m + v * VEC_LANES), m = vec_max(old, vec_load(b->top + v * VEC_LANES));
        vec base = vec_select(vec_eq(m, lowest), vec_zero(), m); /* a query that has seen nothing yet */
        vec factor = vec_exp2_neg(vec_sub(old, base)), sum0 = vec_zero(), sum1 = vec_zero();
        int64_t j = 0, count = attention_counted(keys, v);
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
                            const float *q, float *y)
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
    b->queries = q;
    b->y = y;
    b->ahead = ATTENTION_ROWS / a->group * a->q.row;
    b->fetched = 0;
    b->keys = b->both = 0;
    b->all_see = p->kv_len;
    for (int64_t i = 0, query = b->first / a->group, head = b->first % a->group; i < ATTENTION_ROWS; i++) {
        int64_t seen = i < b->count ? attention_visible(p, query) : 0;
        b->limit[i] = (int32_t)seen;
        b->q_at[i] = head * a->q.head + query * a->q.row;
        b->y_at[i] = head * a->y.head + query * a->y.row;
        query += ++head == a->group;
        head = head == a->group ? 0 : head;
        b->m[i] = -INFINITY;
        b->l[i] = 0;
        b->keys = seen > b->keys ? seen : b->keys;
        b->both = i < VEC_LANES ? b->keys : b->both;
        b->all_see = i < b->count && seen < b->all_see ? seen : b->all_see;
    }
    attention_transpose_in(a, b, q, (float)(p->scale * (double)VEC_LOG2_E), b->q);
}

/* Fetch some rows of the next block's queries and of this one's results: a few with every tile of a product, so that
 * neither is waited for. */
static inline void attention_fetch(const attention_plan *a, attention_block *b)
{
    enum { ROWS = 2, LINE = 16 };

    for (int64_t i = b->fetched; i < b->fetched + ROWS && i < b->count; i++) {
        for (int64_t c = 0; c < a->op.v_dim; c += LINE)
            __builtin_prefetch(b->y + b->y_at[i] + c, 1, 2);
        for (int64_t c = 0; c < a->op.head_dim && b->first + ATTENTION_ROWS + i < a->rows; c += LINE)
            __builtin_prefetch(b->queries + b->q_at[i] + b->ahead + c, 0, 2);
    }
    b->fetched += ROWS;
}

/* Rows from .. to - 1 of a product, by tiles. */
static void attention_product(const attention_plan *a, attention_block *b, const attention_tile *whole, int64_t from,
                              int64_t to, int half)
{
    for (int64_t done = from, rows; done < to; done += rows) {
        attention_tile t = *whole;
        rows = attention_tile_height(to, done);
        t.a += done * t.across;
        t.c += done * ATTENTION_ROWS;
        attention_fetch(a, b);
        if (half)
            attention_f32_tile_half((int)rows, &t);
        else
            attention_f32_tile((int)rows, &t);
    }
}

/* Scores with keys k, and the largest of those that every query sees. */
static void attention_scores(const attention_plan *a, attention_block *b, const float *k, const attention_keys *keys)
{
    attention_tile t = {.depth = a->op.head_dim,
                        .a = k + keys->first * a->k.row,
                        .across = a->k.row,
                        .along = 1,
                        .b = b->q,
                        .c = b->s,
                        .largest = b->top};

    for (int i = 0; i < ATTENTION_ROWS; i++)
        b->top[i] = -INFINITY;
    attention_product(a, b, &t, 0, keys->clear, b->half);
    t.largest = NULL;
    attention_product(a, b, &t, keys->clear, keys->both, b->half);
    t.b += (ATTENTION_NV - 1) * VEC_LANES;
    t.c += (ATTENTION_NV - 1) * VEC_LANES;
    attention_product(a, b, &t, keys->both, keys->count, 1);
}

/* Take in keys first .. first + count - 1. */
static void attention_step(const attention_plan *a, attention_block *b, const float *k, const float *v,
                           const float *mask, int64_t first, int64_t count)
{
    int64_t both = mask ? count : attention_clamp(b->both - first, count);
    int64_t clear = mask ? 0 : attention_clamp(b->all_see - first, both);
    attention_keys keys = {first, count, both, clear < count ? clear - clear % ATTENTION_MR : clear};
    attention_tile values = {.depth = both,
                             .last = count - both,
                             .a = v + first * a->v.row,
                             .across = 1,
                             .along = a->v.row,
                             .b = b->s,
                             .c = b->o,
                             .factor = first > 0 ? b->factor : NULL};

    attention_scores(a, b, k, &keys);
    if (mask)
        attention_add_mask(a, b, mask, first, count);
    if (keys.clear < count)
        attention_hide(b, &keys);
    attention_softmax(b, &keys);
    attention_product(a, b, &values, 0, a->op.v_dim, b->half);
}

static void attention_end(const attention_plan *a, attention_block *b)
{
    const cake_attention *p = &a->op;

    for (int i = 0; i < ATTENTION_ROWS; i++)
        b->factor[i] = b->l[i] > 0 ? 1 / b->l[i] : 0;
    if (b->keys == 0) /* nothing is seen */
        for (int64_t i = 0; i < p->v_dim * ATTENTION_ROWS; i++)
            b->o[i] = 0;
    attention_transpose_out(a, b, b->y);
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

    attention_begin(a, &b, item % a->blocks, scratch, call->q + query * a->q.head + sequence * a->q.sequence,
                    call->y + query * a->y.head + sequence * a->y.sequence);
    tiles = (b.keys + ATTENTION_KEYS - 1) / ATTENTION_KEYS;
    for (int64_t tile = 0; tile < tiles; tile++) {
        int64_t first = tile * b.keys / tiles, next = (tile + 1) * b.keys / tiles;
        attention_step(a, &b, k, v, call->mask, first, next - first);
    }
    attention_end(a, &b);
}

#endif
