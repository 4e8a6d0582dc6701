/* attention of few queries (generation of text, a token at a time): keys and values are read once, one after another,
 * by all queries that share them. Online softmax over chunks of keys. A first phase, whose items are a part of the
 * keys of a key-value head; with more than one part a second one, whose items are queries, joins the parts: each
 * counts 2^(its maximum - the largest maximum) times.
 *
 * Lanes are along head_dim for the scores (as many products as a vector has lanes are summed by one transposing sum),
 * and along v_dim for the values.
 *
 * Floor: reading k and v once; from L2 and L3 also (head_dim + v_dim) / VEC_LANES FMAs a query and key. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"
#include "common/vec/vec_math.h"

enum {
    DECODE_ROWS = 4,                   /* queries at once */
    DECODE_CHUNK = 64,                 /* keys whose scores are kept */
    DECODE_AHEAD = 16,                 /* keys, and values, that are fetched before they are read */
    DECODE_PART = 256,                 /* keys that are worth a part of their own */
    DECODE_VALUES = VEC_REGISTERS / 2, /* accumulators of the values */
    DECODE_WIDE = 8                    /* vectors of the values at once, at most */
};

typedef struct attention_decode {
    const cake_host *host;
    cake_attention op;
    int64_t rows, padded; /* queries of a key-value head; rounded up to a number that is done at once */
    int64_t parts;        /* of the keys */
    int64_t depth, width; /* head_dim and v_dim rounded up to whole vectors */
    int ahead;            /* keys and values come from memory: fetch them */
    float *scratch;
    int64_t scratch_floats; /* of a thread: [padded][depth] queries, [padded][DECODE_CHUNK] scores */
    float *partial;
    int64_t partial_floats; /* of a part: [padded][width] results, [padded][VEC_LANES] sums, [padded] maxima */
} attention_decode;

/* What one part works with. */
typedef struct decode_part {
    const attention_decode *a;
    float *q, *s, *o, *m, *l;
    vec factor[DECODE_ROWS];
} decode_part;

static void attention_decode_close(void *ctx)
{
    attention_decode *a = ctx;

    workspace_free(a->host, a->scratch);
    workspace_free(a->host, a->partial);
    a->host->free(a->host, a);
}

static int32_t attention_decode_open(const cake_problem *problem, const cake_tensor *const *constants,
                                     const cake_host *host, void **ctx)
{
    const cake_attention *p = problem->params;
    attention_decode *a = host->alloc(host, sizeof *a, 64);
    int64_t units = p->batch * p->kv_heads, threads = problem->threads;

    (void)constants;
    if (!a)
        return CAKE_NO_MEMORY;
    *a = (attention_decode){.host = host, .op = *p, .parts = 1};
    a->rows = p->heads / p->kv_heads * p->q_len;
    a->padded = a->rows <= 2 ? a->rows : (a->rows + DECODE_ROWS - 1) / DECODE_ROWS * DECODE_ROWS;
    a->depth = (p->head_dim + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    a->width = (p->v_dim + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    a->ahead = host->l3_bytes > 0 &&
               units * p->kv_len * (p->head_dim + p->v_dim) * (int64_t)sizeof(float) > host->l3_bytes / 2;
    if (threads > 1 && units < 2 * threads) {
        a->parts = (4 * threads + units - 1) / units;
        a->parts = a->parts < p->kv_len / DECODE_PART ? a->parts : p->kv_len / DECODE_PART;
        a->parts = a->parts > 1 ? a->parts : 1;
    }
    a->scratch_floats = (a->padded * (a->depth + DECODE_CHUNK) + 15) / 16 * 16;
    a->partial_floats = (a->padded * (a->width + VEC_LANES + 1) + 15) / 16 * 16;
    a->scratch = workspace_floats(host, threads * a->scratch_floats);
    a->partial = workspace_floats(host, units * a->parts * a->partial_floats);
    if (!a->scratch || !a->partial) {
        attention_decode_close(a);
        return CAKE_NO_MEMORY;
    }
    *ctx = a;
    return CAKE_DONE;
}

static int64_t attention_decode_phases(const void *ctx)
{
    const attention_decode *a = ctx;

    return a->parts > 1 ? 2 : 1;
}

static int64_t attention_decode_items(const void *ctx, int64_t phase)
{
    const attention_decode *a = ctx;

    return a->op.batch * a->op.kv_heads * (phase == 0 ? a->parts : a->rows);
}

/* Scores of `rows` queries with keys k[0], k[1], ...: as many as make a vector of scores. */
VEC_INLINE void decode_some_scores(int rows, int ahead, const decode_part *d, const float *q, const float *k,
                                   float *s)
{
    enum { ACC = VEC_LANES };
    int64_t head_dim = d->a->op.head_dim, whole = head_dim - head_dim % VEC_LANES, depth = d->a->depth;
    vmask tail = vec_mask((int)(head_dim - whole));
    float sums[VEC_LANES];
    int keys = ACC / rows;
    vec acc[ACC];

    VEC_UNROLL
    for (int j = 0; j < ACC; j++)
        acc[j] = vec_zero();
    for (int64_t i = 0; i < whole; i += VEC_LANES) {
        vec query[DECODE_ROWS];
        VEC_UNROLL
        for (int r = 0; r < rows; r++)
            query[r] = vec_load(q + r * depth + i);
        VEC_UNROLL
        for (int j = 0; j < keys; j++) {
            vec x = vec_load(k + j * head_dim + i);
            if (ahead) /* in the order of their addresses */
                __builtin_prefetch(k + DECODE_AHEAD * head_dim + i * keys + j * VEC_LANES, 0, 3);
            VEC_UNROLL
            for (int r = 0; r < rows; r++)
                acc[r * keys + j] = vec_fma(x, query[r], acc[r * keys + j]);
        }
    }
    if (whole < head_dim) {
        VEC_UNROLL
        for (int j = 0; j < keys; j++) {
            vec x = vec_load_mask(k + j * head_dim + whole, tail);
            VEC_UNROLL
            for (int r = 0; r < rows; r++)
                acc[r * keys + j] = vec_fma(x, vec_load(q + r * depth + whole), acc[r * keys + j]);
        }
    }
    vec_store(sums, vec_sums(acc));
    VEC_UNROLL
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < keys; j++)
            s[r * DECODE_CHUNK + j] = sums[r * keys + j];
}

/* Scores with `count` keys. The last few are done again with their neighbours, or one by one if there are none. */
VEC_INLINE void decode_scores(int rows, int ahead, const decode_part *d, const float *q, const float *k, float *s,
                              int64_t count)
{
    int64_t head_dim = d->a->op.head_dim, keys = VEC_LANES / rows, j = 0;

    for (; j + keys <= count; j += keys)
        decode_some_scores(rows, ahead, d, q, k + j * head_dim, s + j);
    if (j < count && count >= keys) {
        decode_some_scores(rows, ahead, d, q, k + (count - keys) * head_dim, s + count - keys);
        return;
    }
    for (; j < count; j++)
        for (int r = 0; r < rows; r++) {
            vec sum = vec_zero();
            for (int64_t i = 0; i < head_dim; i += VEC_LANES) {
                int64_t left = head_dim - i < VEC_LANES ? head_dim - i : VEC_LANES;
                sum = vec_fma(vec_load_mask(k + j * head_dim + i, vec_mask((int)left)),
                              vec_load(q + r * d->a->depth + i), sum);
            }
            s[r * DECODE_CHUNK + j] = vec_sum(sum);
        }
}

/* A row's scores of keys first .. first + count - 1 to weights; returns the factor for what was summed before. */
VEC_INLINE vec decode_softmax(const decode_part *d, int64_t row, const float *mask, int64_t first, int64_t count)
{
    const cake_attention *p = &d->a->op;
    int64_t i = row < d->a->rows ? row % p->q_len : p->q_len - 1, seen, padded;
    float *s = d->s + row * DECODE_CHUNK, *l = d->l + row * VEC_LANES, largest;
    vec sum = vec_zero(), top, base, factor;

    seen = p->causal == CAKE_CAUSAL_NO           ? count
           : p->causal == CAKE_CAUSAL_UPPER_LEFT ? i + 1 - first
                                                 : i + 1 + p->kv_len - p->q_len - first;
    seen = seen < 0 ? 0 : seen < count ? seen : count;
    padded = (count + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    for (int64_t j = seen; j < padded; j++)
        s[j] = -INFINITY;
    for (int64_t j = 0; mask && j < seen; j++)
        s[j] += mask[i * p->kv_len + first + j] * VEC_LOG2_E;
    top = vec_set1(d->m[row]);
    for (int64_t j = 0; j < padded; j += VEC_LANES)
        top = vec_max(top, vec_load(s + j));
    largest = vec_hmax(top);
    base = vec_set1(largest == -INFINITY ? 0 : largest);
    for (int64_t j = 0; j < padded; j += VEC_LANES) {
        vec w = vec_exp2_neg(vec_sub(vec_load(s + j), base));
        vec_store(s + j, w);
        sum = vec_add(sum, w);
    }
    factor = vec_exp2_neg(vec_sub(vec_set1(d->m[row]), base));
    vec_store(l, vec_fma(vec_load(l), factor, sum));
    d->m[row] = largest;
    return factor;
}

/* o = factor o + weights times values, for `rows` queries and `vectors` vectors of values. */
VEC_INLINE void decode_some_values(int rows, int vectors, int ahead, const decode_part *d, const float *s,
                                   const float *v, float *o, int64_t count, const vmask *tail)
{
    vec acc[DECODE_ROWS * DECODE_WIDE];
    int64_t width = d->a->width, v_dim = d->a->op.v_dim;

    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        VEC_UNROLL
        for (int i = 0; i < vectors; i++)
            acc[r * vectors + i] = vec_mul(vec_load(o + r * width + i * VEC_LANES), d->factor[r]);
    }
    for (int64_t j = 0; j < count; j++, v += v_dim) {
        vec x[DECODE_WIDE];
        VEC_UNROLL
        for (int i = 0; i < vectors; i++) {
            x[i] = tail ? vec_load_mask(v, *tail) : vec_load(v + i * VEC_LANES);
            if (ahead)
                __builtin_prefetch(v + DECODE_AHEAD * v_dim + i * VEC_LANES, 0, 3);
        }
        VEC_UNROLL
        for (int r = 0; r < rows; r++) {
            vec w = vec_broadcast(s + r * DECODE_CHUNK + j);
            VEC_UNROLL
            for (int i = 0; i < vectors; i++)
                acc[r * vectors + i] = vec_fma(w, x[i], acc[r * vectors + i]);
        }
    }
    VEC_UNROLL
    for (int r = 0; r < rows; r++) {
        VEC_UNROLL
        for (int i = 0; i < vectors; i++)
            vec_store(o + r * width + i * VEC_LANES, acc[r * vectors + i]);
    }
}

VEC_INLINE void decode_values(int rows, int ahead, const decode_part *d, const float *s, const float *v, float *o,
                              int64_t count)
{
    enum { WIDE1 = DECODE_VALUES < DECODE_WIDE ? DECODE_VALUES : DECODE_WIDE };
    int wide = rows == 1 ? WIDE1 : DECODE_VALUES / rows < DECODE_WIDE ? DECODE_VALUES / rows : DECODE_WIDE;
    int64_t v_dim = d->a->op.v_dim, i = 0;

    for (; i + wide * VEC_LANES <= v_dim; i += wide * VEC_LANES)
        decode_some_values(rows, wide, ahead, d, s, v + i, o + i, count, NULL);
    for (; i + 2 * VEC_LANES <= v_dim; i += 2 * VEC_LANES)
        decode_some_values(rows, 2, ahead, d, s, v + i, o + i, count, NULL);
    for (; i < v_dim; i += VEC_LANES) {
        vmask tail = vec_mask((int)(v_dim - i < VEC_LANES ? v_dim - i : VEC_LANES));
        decode_some_values(rows, 1, ahead, d, s, v + i, o + i, count, &tail);
    }
}

VEC_INLINE void decode_chunk(int rows, int ahead, decode_part *d, const float *k, const float *v, const float *mask,
                             int64_t first, int64_t count)
{
    const attention_decode *a = d->a;

    for (int64_t row = 0; row < a->padded; row += rows) {
        float *s = d->s + row * DECODE_CHUNK;
        decode_scores(rows, ahead, d, d->q + row * a->depth, k + first * a->op.head_dim, s, count);
        for (int r = 0; r < rows; r++)
            d->factor[r] = decode_softmax(d, row + r, mask, first, count);
        decode_values(rows, ahead, d, s, v + first * a->op.v_dim, d->o + row * a->width, count);
    }
}

/* y of a query from its parts. */
static void decode_join(const attention_decode *a, int64_t unit, int64_t row, float *y)
{
    const float *part = a->partial + unit * a->parts * a->partial_floats;
    int64_t sums = a->padded * a->width + row * VEC_LANES, maxima = a->padded * (a->width + VEC_LANES) + row;
    float largest = -INFINITY, sum = 0;

    for (int64_t i = 0; i < a->parts; i++)
        largest = fmaxf(largest, part[i * a->partial_floats + maxima]);
    largest = largest == -INFINITY ? 0 : largest;
    for (int64_t i = 0; i < a->parts; i++)
        sum += vec_sum(vec_load(part + i * a->partial_floats + sums)) *
               exp2f(part[i * a->partial_floats + maxima] - largest);
    for (int64_t at = 0; at < a->op.v_dim; at += VEC_LANES) {
        int64_t left = a->op.v_dim - at < VEC_LANES ? a->op.v_dim - at : VEC_LANES;
        vec o = vec_zero();
        for (int64_t i = 0; i < a->parts; i++) {
            float weight = exp2f(part[i * a->partial_floats + maxima] - largest);
            o = vec_fma(vec_load(part + i * a->partial_floats + row * a->width + at), vec_set1(weight), o);
        }
        vec_store_mask(y + at, sum > 0 ? vec_mul(o, vec_set1(1 / sum)) : vec_zero(), vec_mask((int)left));
    }
}

static void decode_one_part(const attention_decode *a, int64_t item, float *scratch, const float *q, const float *k,
                            const float *v, const float *mask)
{
    const cake_attention *p = &a->op;
    float *partial = a->partial + item * a->partial_floats;
    int64_t part = item % a->parts, begin = part * p->kv_len / a->parts, end = (part + 1) * p->kv_len / a->parts;
    decode_part d = {.a = a,
                     .q = scratch,
                     .s = scratch + a->padded * a->depth,
                     .o = partial,
                     .l = partial + a->padded * a->width,
                     .m = partial + a->padded * (a->width + VEC_LANES)};
    vec scale = vec_set1((float)(p->scale * (double)VEC_LOG2_E));

    for (int64_t r = 0; r < a->padded; r++) {
        const float *from = q + (r < a->rows ? r : a->rows - 1) * p->head_dim;
        for (int64_t i = 0; i < p->head_dim; i += VEC_LANES) {
            int64_t left = p->head_dim - i < VEC_LANES ? p->head_dim - i : VEC_LANES;
            vec_store(d.q + r * a->depth + i, vec_mul(vec_load_mask(from + i, vec_mask((int)left)), scale));
        }
        for (int64_t i = 0; i < a->width; i += VEC_LANES)
            vec_store(d.o + r * a->width + i, vec_zero());
        d.m[r] = -INFINITY;
        vec_store(d.l + r * VEC_LANES, vec_zero());
    }
    for (int64_t first = begin; first < end; first += DECODE_CHUNK) {
        int64_t count = end - first < DECODE_CHUNK ? end - first : DECODE_CHUNK;
        if (a->padded == 1)
            decode_chunk(1, 0, &d, k, v, mask, first, count);
        else if (a->padded == 2)
            decode_chunk(2, 0, &d, k, v, mask, first, count);
        else if (a->ahead)
            decode_chunk(DECODE_ROWS, 1, &d, k, v, mask, first, count);
        else
            decode_chunk(DECODE_ROWS, 0, &d, k, v, mask, first, count);
    }
}

static void attention_decode_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                                  int64_t phase, int64_t begin, int64_t end, int thread)
{
    const attention_decode *a = ctx;
    const cake_attention *p = &a->op;
    const float *q = inputs[0]->data, *k = inputs[1]->data, *v = inputs[2]->data;
    const float *mask = p->mask ? inputs[3]->data : NULL;
    float *y = outputs[0]->data;

    for (int64_t item = begin; item < end; item++) {
        int64_t unit = item / (phase == 0 ? a->parts : a->rows);
        if (phase == 0)
            decode_one_part(a, item, a->scratch + thread * a->scratch_floats, q + unit * a->rows * p->head_dim,
                            k + unit * p->kv_len * p->head_dim, v + unit * p->kv_len * p->v_dim, mask);
        else
            decode_join(a, unit, item % a->rows, y + item * p->v_dim);
        for (int64_t r = 0; phase == 0 && a->parts == 1 && r < a->rows; r++)
            decode_join(a, unit, r, y + (unit * a->rows + r) * p->v_dim);
    }
}
