/* Attention of versions 23 and 24: grouped heads, causal, masks of reals and of booleans, lengths, past keys and
 * values, soft cap, and the scores as an output.
 *
 * ONNX's own reference changed four things without a new version: whether the mask is added before or after the cap,
 * whether a causal mask begins behind the past, which heads share a key-value head, and whether the products that it
 * gives out are capped. Vectors of either kind are about, so each of a node's ways is tried until one gives what was
 * published. */
#include "onnx/attention.h"

#include <math.h>
#include <string.h>

enum { MASK_FIRST = 1, FROM_START = 2, HEADS_STRIDED = 4, CAP_SHOWN = 8, VARIANTS = 16 };

typedef struct problem {
    const cake_onnx_tensor *q, *k, *v; /* [batch][heads][len][dim] */
    const cake_onnx_tensor *y, *scores;
    const cake_onnx_tensor *bias; /* [1 or batch][1 or heads][q_len][kv_len], or NULL */
    int64_t batch, heads, kv_heads, q_len, kv_len, past;
    const char *causal;
    double scale, softcap;
    int stage; /* of the op: which scores */
} problem;

const cake_onnx_tensor *cake_onnx_heads_first(cake_onnx_node *n, const cake_onnx_tensor *t, int64_t heads)
{
    static const int order[] = {0, 2, 1, 3};

    if (t->rank == 3 && heads > 0 && t->shape[2] % heads == 0) {
        t = cake_onnx_reshape(n->pool, t, 4, (int64_t[]){t->shape[0], t->shape[1], heads, t->shape[2] / heads});
        t = t->rank == 4 ? cake_onnx_permute(n->pool, t, order) : t;
    }
    if (t->rank == 4)
        return t;
    cake_onnx_broken(n, "expected rank 4, or rank 3 and a number of heads that divides it, found rank %d", t->rank);
    return cake_onnx_full(n->pool, 4, (int64_t[]){1, 1, 1, 1}, 0);
}

/* 0 where a condition holds, -infinity where it does not. */
static double seen(bool condition)
{
    return condition ? 0 : -INFINITY;
}

/* A mask of any shape as one of rank 4, keys that it says nothing of unseen. */
static const cake_onnx_tensor *read_mask(cake_onnx_node *n, const problem *p, const cake_onnx_tensor *mask)
{
    bool boolean = mask->type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    int64_t shape[4] = {1, 1, 1, 1}, rows;
    int64_t keys = mask->rank > 0 ? mask->shape[mask->rank - 1] : 0, wide = keys == 1 ? 1 : p->kv_len;
    cake_onnx_tensor *made = cake_onnx_alloc(n->pool, 1, sizeof *made);
    double *values;

    if (mask->rank < 1 || mask->rank > 4 || keys > p->kv_len) {
        cake_onnx_broken(n, "expected a mask of rank 1 to 4 for at most %lld keys, found rank %d for %lld",
                         (long long)p->kv_len, mask->rank, (long long)keys);
        return mask;
    }
    memcpy(shape + 4 - mask->rank, mask->shape, (size_t)mask->rank * sizeof *shape);
    shape[3] = wide;
    rows = shape[0] * shape[1] * shape[2];
    values = cake_onnx_alloc(n->pool, (size_t)(rows * wide), sizeof *values);
    if (!made || !values)
        return mask;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < wide; j++) {
            double m = j < keys ? mask->values[i * keys + j] : -INFINITY;

            values[i * wide + j] = j < keys && boolean ? seen(m != 0) : m;
        }
    *made = (cake_onnx_tensor){.name = mask->name, .rank = 4, .count = rows * wide, .values = values};
    memcpy(made->shape, shape, sizeof shape);
    return cake_onnx_broadcast(n->pool, made, 4, (int64_t[]){shape[0], shape[1], p->q_len, p->kv_len});
}

/* Adds to p->bias what keys each batch's queries see: those before its length, and before the query if causal. */
static void hide(cake_onnx_node *n, problem *p, const cake_onnx_tensor *lengths, bool causal)
{
    int64_t batches = lengths ? p->batch : 1, heads = p->bias ? p->bias->shape[1] : 1, at = 0;
    const cake_onnx_tensor *before = p->bias;
    double *values;
    cake_onnx_tensor *made = cake_onnx_alloc(n->pool, 1, sizeof *made);

    if (before && before->shape[0] > batches)
        batches = before->shape[0];
    if (before)
        before = cake_onnx_broadcast(n->pool, before, 4, (int64_t[]){batches, heads, p->q_len, p->kv_len});
    else
        before = cake_onnx_full(n->pool, 4, (int64_t[]){batches, heads, p->q_len, p->kv_len}, 0);
    if (lengths && lengths->count != p->batch) {
        cake_onnx_broken(n, "expected %lld lengths, found %lld", (long long)p->batch, (long long)lengths->count);
        return;
    }
    values = cake_onnx_alloc(n->pool, (size_t)before->count, sizeof *values);
    if (!made || !values || before->rank != 4)
        return;
    for (int64_t b = 0; b < batches; b++) {
        int64_t length = lengths ? cake_onnx_whole(lengths, b) : p->kv_len;
        int64_t offset = lengths && p->past == 0 ? length - p->q_len : n->variant & FROM_START ? 0 : p->past;

        for (int64_t h = 0; h < heads; h++)
            for (int64_t i = 0; i < p->q_len; i++)
                for (int64_t j = 0; j < p->kv_len; j++, at++)
                    values[at] = before->values[at] + seen(j < length && (!causal || j <= i + offset));
    }
    *made = *before;
    made->values = values;
    p->bias = made;
}

/* Groups heads as h % kv_heads, not as neighbours: neighbours are made of them. */
static const cake_onnx_tensor *regroup(cake_onnx_node *n, const problem *p, const cake_onnx_tensor *t, int axis)
{
    int64_t shape[CAKE_ONNX_RANK];
    int rank = t->rank + 1;
    const cake_onnx_tensor *split;

    if (!(n->variant & HEADS_STRIDED) || t->shape[axis] != p->heads)
        return t;
    for (int d = 0; d < rank; d++)
        shape[d] = d <= axis ? t->shape[d] : t->shape[d - 1];
    shape[axis] = p->heads / p->kv_heads;
    shape[axis + 1] = p->kv_heads;
    split = cake_onnx_reshape(n->pool, t, rank, shape);
    if (split->rank != rank)
        return t;
    split = cake_onnx_move(n->pool, split, axis, axis + 1);
    return cake_onnx_reshape(n->pool, split, t->rank, t->shape);
}

static const char *const stages[] = {"no", "products", "step1", "step2", "weights"};

/* The op's keys that do not depend on how it is cut. */
static void case_of(cake_onnx_node *n, const problem *p, int64_t batch, int64_t heads, int64_t kv_heads)
{
    cake_onnx_case(n,
                   "attention batch=%lld heads=%lld kv_heads=%lld q_len=%lld kv_len=%lld head_dim=%lld v_dim=%lld "
                   "causal=%s mask=%d scale=%.17g softcap=%.17g mask_first=%d scores=%s",
                   (long long)batch, (long long)heads, (long long)kv_heads, (long long)p->q_len, (long long)p->kv_len,
                   (long long)p->q->shape[3], (long long)p->v->shape[3], p->causal, p->bias != NULL, p->scale,
                   p->softcap, p->softcap > 0 && n->variant & MASK_FIRST, stages[p->stage]);
}

static const cake_onnx_tensor *part(cake_onnx_node *n, const cake_onnx_tensor *t, int64_t batch, int64_t head)
{
    if (!t)
        return NULL;
    t = cake_onnx_at(n->pool, t, t->shape[0] == 1 ? 0 : batch);
    return head < 0 ? t : cake_onnx_at(n->pool, t, t->shape[0] == 1 ? 0 : head);
}

/* The op has one mask for all batches and heads: where the node has more, there are more cases. */
static void cases(cake_onnx_node *n, const problem *p)
{
    bool by_head = p->bias && p->bias->shape[1] > 1, by_batch = p->bias && (by_head || p->bias->shape[0] > 1);
    int64_t group = p->heads / p->kv_heads;

    for (int64_t b = 0; b < (by_batch ? p->batch : 1); b++)
        for (int64_t h = 0; h < (by_head ? p->heads : 1) && n->status == CAKE_OK; h++) {
            int64_t head = by_head ? h : -1, kv_head = by_head ? h / group : -1;

            case_of(n, p, by_batch ? 1 : p->batch, by_head ? 1 : p->heads, by_head ? 1 : p->kv_heads);
            cake_onnx_put(n, "q", by_batch ? part(n, p->q, b, head) : p->q);
            cake_onnx_put(n, "k", by_batch ? part(n, p->k, b, kv_head) : p->k);
            cake_onnx_put(n, "v", by_batch ? part(n, p->v, b, kv_head) : p->v);
            cake_onnx_put(n, "mask", part(n, p->bias, b, by_head ? h : 0));
            cake_onnx_put(n, "y", by_batch ? part(n, p->y, b, head) : p->y);
            if (p->stage)
                cake_onnx_put(n, "s", by_batch ? part(n, p->scores, b, head) : p->scores);
        }
}

/* A past and a present: what comes out must be what went in. */
static const cake_onnx_tensor *with_past(cake_onnx_node *n, const cake_onnx_tensor *t, const cake_onnx_tensor *past,
                                         int output)
{
    const cake_onnx_tensor *all = past ? cake_onnx_concat(n->pool, past, t, 2) : t;

    if (all->rank != 4)
        cake_onnx_broken(n, "expected a past that goes before the present, found another");
    else if (n->output[output] && !cake_onnx_equal(all, n->output[output]))
        cake_onnx_broken(n, "expected the past and the present one after the other as output %d, found others",
                         output);
    return all;
}

static bool consistent(const problem *p)
{
    return p->q->shape[0] == p->k->shape[0] && p->k->shape[0] == p->v->shape[0] && p->k->shape[1] == p->v->shape[1] &&
           p->k->shape[2] == p->v->shape[2] && p->q->shape[3] == p->k->shape[3] && p->kv_heads > 0 &&
           p->heads % p->kv_heads == 0;
}

void cake_onnx_attention(cake_onnx_node *n)
{
    int64_t heads = cake_onnx_int(n, "q_num_heads", 0), kv_heads = cake_onnx_int(n, "kv_num_heads", 0);
    const cake_onnx_tensor *lengths = n->input[6], *mask = n->input[3];
    bool causal = cake_onnx_int(n, "is_causal", 0) != 0;
    problem p = {.causal = "no", .softcap = cake_onnx_float(n, "softcap", 0), .scores = n->output[3]};

    n->variants = VARIANTS;
    p.q = cake_onnx_heads_first(n, n->input[0], heads);
    p.k = cake_onnx_heads_first(n, n->input[1], kv_heads);
    p.v = cake_onnx_heads_first(n, n->input[2], kv_heads);
    p.y = n->output[0] ? cake_onnx_heads_first(n, n->output[0], heads) : NULL;
    if (n->status != CAKE_OK)
        return;
    p.past = n->input[4] && n->input[4]->rank == 4 ? n->input[4]->shape[2] : 0;
    p.k = with_past(n, p.k, n->input[4], 1);
    p.v = with_past(n, p.v, n->input[5], 2);
    p.batch = p.q->shape[0];
    p.heads = p.q->shape[1];
    p.kv_heads = p.k->shape[1];
    p.q_len = p.q->shape[2];
    p.kv_len = p.k->shape[2];
    p.scale = cake_onnx_float(n, "scale", 0);
    p.stage = p.scores ? 1 + (int)(cake_onnx_int(n, "qk_matmul_output_mode", 0) & 3) : 0;
    if (p.stage == 1 && p.softcap > 0 && n->variant & CAP_SHOWN)
        p.stage = n->variant & MASK_FIRST ? 3 : 2;
    if (n->status == CAKE_OK && !consistent(&p))
        cake_onnx_broken(n, "expected queries, keys and values that go together, found others");
    if (n->status != CAKE_OK)
        return;
    p.q = regroup(n, &p, p.q, 1);
    p.y = p.y ? regroup(n, &p, p.y, 1) : NULL;
    p.scores = p.scores && p.scores->rank == 4 ? regroup(n, &p, p.scores, 1) : p.scores;
    if (mask)
        p.bias = read_mask(n, &p, mask);
    if (n->status != CAKE_OK || (p.bias && p.bias->rank != 4)) {
        cake_onnx_broken(n, "expected a mask of the scores' shape, found another");
        return;
    }
    if (p.bias && p.bias->shape[1] > 1)
        p.bias = regroup(n, &p, p.bias, 1);
    /* A causal mask alone is the op's own, where its offset is one of the op's. */
    if (causal && !mask && !lengths && !p.stage && (p.past == 0 || n->variant & FROM_START))
        p.causal = "upper_left";
    else if (causal && !mask && !lengths && !p.stage && p.past == p.kv_len - p.q_len)
        p.causal = "lower_right";
    else if (causal || lengths)
        hide(n, &p, lengths, causal);
    if (n->status == CAKE_OK)
        cases(n, &p);
}
