/* attention by tiles with an online softmax: Milakov and Gimelshein 2018 ("Online normalizer calculation for
 * softmax"), Dao et al. 2022 ("FlashAttention"). One phase; an item is a block of ATTENTION_ROWS queries.
 *
 * A vector's lanes are queries, so that the softmax needs no horizontal step and neither keys nor values are packed:
 * a micro-tile broadcasts them from where they lie (packing values for several blocks measured no better). The
 * queries of all heads that share a key-value head stand one after another in memory and are one matrix. For each
 * tile of keys: scores (transposed) into L1 with the running maximum of each lane, weights 2^(s - m) in place (scale
 * and log2 e are folded into the queries), and the result times 2^(old m - m) plus weights times values. Tiles that
 * no query of the block sees are skipped.
 *
 * Floor: (head_dim + v_dim) FMAs a score; exp costs about 12 instructions a score besides: 5 % at head_dim 128,
 * 9 % at 64. */
#include <math.h>

#include "common/kernels/attention_tile.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/vec_math.h"

enum { ATTENTION_KEYS = 16 * ATTENTION_MR * (VEC_REGISTERS == 32 ? 1 : 2) }; /* of a tile: its scores stay in L1 */

typedef struct attention_tiled {
    const cake_host *host;
    cake_attention op;
    int64_t rows, blocks; /* queries of a key-value head, and blocks of them */
    float *scratch;
    int64_t scratch_floats; /* of a thread */
} attention_tiled;

/* Of one block of queries. */
typedef struct attention_block {
    float *q, *s, *o;              /* [head_dim], [ATTENTION_KEYS], [v_dim] rows of ATTENTION_ROWS */
    float *m, *l, *factor, *top;   /* [ATTENTION_ROWS]: maximum, sum, rescaling, largest of the tile */
    int32_t limit[ATTENTION_ROWS]; /* keys that each query sees */
    int64_t first, count;          /* rows of the block */
    int64_t keys, all_see;         /* seen by some query, by all */
    int half;
} attention_block;

static void attention_tiled_close(void *ctx)
{
    attention_tiled *a = ctx;

    workspace_free(a->host, a->scratch);
    a->host->free(a->host, a);
}

static int32_t attention_tiled_open(const cake_problem *problem, const cake_tensor *const *constants,
                                    const cake_host *host, void **ctx)
{
    const cake_attention *p = problem->params;
    attention_tiled *a = host->alloc(host, sizeof *a, 64);

    (void)constants;
    if (!a)
        return CAKE_NO_MEMORY;
    *a = (attention_tiled){.host = host, .op = *p};
    a->rows = p->heads / p->kv_heads * p->q_len;
    a->blocks = (a->rows + ATTENTION_ROWS - 1) / ATTENTION_ROWS;
    a->scratch_floats = (p->head_dim + ATTENTION_KEYS + p->v_dim + 4) * ATTENTION_ROWS;
    a->scratch = workspace_floats(host, problem->threads * a->scratch_floats);
    if (!a->scratch) {
        attention_tiled_close(a);
        return CAKE_NO_MEMORY;
    }
    *ctx = a;
    return CAKE_DONE;
}

static int64_t attention_tiled_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t attention_tiled_items(const void *ctx, int64_t phase)
{
    const attention_tiled *a = ctx;

    (void)phase;
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

/* to [columns][ATTENTION_ROWS] = factor times the transpose of from [count][columns]; lanes beyond are 0. */
static void attention_transpose_in(const float *from, int64_t ld, int64_t count, int64_t columns, float factor,
                                   float *to)
{
    vec scale = vec_set1(factor);

    for (int64_t r = 0; r < ATTENTION_ROWS; r += VEC_LANES)
        for (int64_t c = 0; c < columns; c += VEC_LANES) {
            int64_t left = columns - c < VEC_LANES ? columns - c : VEC_LANES;
            vmask m = vec_mask((int)left);
            vec x[VEC_LANES];
            for (int64_t i = 0; i < VEC_LANES; i++)
                x[i] = r + i < count ? vec_load_mask(from + (r + i) * ld + c, m) : vec_zero();
            vec_transpose(x);
            for (int64_t i = 0; i < left; i++)
                vec_store(to + (c + i) * ATTENTION_ROWS + r, vec_mul(x[i], scale));
        }
}

/* y [count][columns] = the transpose of o, each lane times its factor. */
static void attention_transpose_out(const float *o, const float *factor, float *y, int64_t count, int64_t columns)
{
    for (int64_t r = 0; r < count; r += VEC_LANES)
        for (int64_t c = 0; c < columns; c += VEC_LANES) {
            int64_t left = columns - c < VEC_LANES ? columns - c : VEC_LANES;
            vmask m = vec_mask((int)left);
            vec x[VEC_LANES], f = vec_load(factor + r);
            for (int64_t i = 0; i < VEC_LANES; i++)
                x[i] = i < left ? vec_mul(vec_load(o + (c + i) * ATTENTION_ROWS + r), f) : vec_zero();
            vec_transpose(x);
            for (int64_t i = 0; i < VEC_LANES && r + i < count; i++)
                vec_store_mask(y + (r + i) * columns + c, x[i], m);
        }
}

/* Add the mask tensor, log2 e times, to the scores of keys first .. first + count - 1. */
static void attention_add_mask(const attention_tiled *a, const attention_block *b, const float *mask, int64_t first,
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
static void attention_begin(const attention_tiled *a, attention_block *b, int64_t block, float *scratch,
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
        int64_t seen = i < b->count ? attention_visible(p, (b->first + i) % p->q_len) : 0;
        b->limit[i] = (int32_t)seen;
        b->m[i] = -INFINITY;
        b->l[i] = 0;
        b->keys = seen > b->keys ? seen : b->keys;
        b->all_see = i < b->count && seen < b->all_see ? seen : b->all_see;
    }
    attention_transpose_in(q + b->first * p->head_dim, p->head_dim, b->count, p->head_dim,
                           (float)(p->scale * (double)VEC_LOG2_E), b->q);
}

/* Take in keys first .. first + count - 1. */
static void attention_step(const attention_tiled *a, attention_block *b, const float *k, const float *v,
                           const float *mask, int64_t first, int64_t count)
{
    const cake_attention *p = &a->op;
    attention_tile scores = {.depth = p->head_dim,
                             .a = k + first * p->head_dim,
                             .across = p->head_dim,
                             .along = 1,
                             .b = b->q,
                             .c = b->s,
                             .largest = b->top};
    attention_tile values = {.depth = count,
                             .a = v + first * p->v_dim,
                             .across = 1,
                             .along = p->v_dim,
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

static void attention_end(const attention_tiled *a, attention_block *b, float *y)
{
    const cake_attention *p = &a->op;

    for (int i = 0; i < ATTENTION_ROWS; i++)
        b->factor[i] = b->l[i] > 0 ? 1 / b->l[i] : 0;
    if (b->keys == 0) /* nothing is seen */
        for (int64_t i = 0; i < p->v_dim * ATTENTION_ROWS; i++)
            b->o[i] = 0;
    attention_transpose_out(b->o, b->factor, y + b->first * p->v_dim, b->count, p->v_dim);
}

static void attention_tiled_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                 int64_t phase, int64_t begin, int64_t end, int thread)
{
    const attention_tiled *a = ctx;
    const cake_attention *p = &a->op;
    const float *q = inputs[0]->data, *k = inputs[1]->data, *v = inputs[2]->data;
    const float *mask = p->mask ? inputs[3]->data : NULL;
    float *y = outputs[0]->data;

    (void)phase;
    for (int64_t item = begin; item < end; item++) {
        int64_t head = item / a->blocks, tiles;
        attention_block b;
        attention_begin(a, &b, item % a->blocks, a->scratch + thread * a->scratch_floats,
                        q + head * a->rows * p->head_dim);
        tiles = (b.keys + ATTENTION_KEYS - 1) / ATTENTION_KEYS;
        for (int64_t tile = 0; tile < tiles; tile++) {
            int64_t first = tile * b.keys / tiles, next = (tile + 1) * b.keys / tiles;
            attention_step(a, &b, k + head * p->kv_len * p->head_dim, v + head * p->kv_len * p->v_dim, mask, first,
                           next - first);
        }
        attention_end(a, &b, y + head * a->rows * p->v_dim);
    }
}
