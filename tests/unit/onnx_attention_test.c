/* ONNX's Attention, written once more from its documentation, in double: what the mapping makes of every option must
 * agree with it. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "onnx_model.h"

enum { BATCH = 2, Q_LEN = 3, DIM = 4, V_DIM = 2, MOST = 512, MASK_KEYS = 5 };

/* A node: `heads` over `kv_heads`, `past` keys before `keys`. */
typedef struct node {
    int heads, kv_heads, past, keys;
    bool rows;             /* [batch][len][heads dim], not [batch][heads][len][dim] */
    bool causal, boolean;  /* boolean: the mask is of BOOL */
    int mask_rank;         /* 0: none; 2: [q][kv]; 3: [heads][q][kv]; 4: [batch][1][q][kv] */
    int mask_keys;         /* fewer than there are; 0: all */
    const double *lengths; /* of each batch, or NULL */
    double softcap, scale;
    int mode;                                        /* of the scores that come out; -1: none */
    bool empty_past;                                 /* past keys and values are given, but none */
    bool mask_first, strided, from_start, cap_shown; /* how other references did it */
} node;

typedef struct data {
    double q[MOST], k[MOST], v[MOST], past_k[MOST], past_v[MOST], mask[MOST], y[MOST], scores[MOST];
    double present_k[MOST], present_v[MOST];
} data;

static double rounded(double value)
{
    return (double)(float)value;
}

static void fill(double *values, uint64_t seed)
{
    cake_random random = {seed};

    for (int i = 0; i < MOST; i++)
        values[i] = rounded(cake_random_real(&random, -1, 1));
}

/* Where an element of a head's row is. */
static int place(bool rows, int heads, int len, int dim, int b, int h, int i, int d)
{
    return rows ? ((b * len + i) * heads + h) * dim + d : ((b * heads + h) * len + i) * dim + d;
}

/* The key or value j of a head, past ones first. */
static double kept(const node *n, const double *past, const double *now, int dim, int b, int g, int j, int d)
{
    return j < n->past ? past[((b * n->kv_heads + g) * n->past + j) * dim + d]
                       : now[place(n->rows, n->kv_heads, n->keys, dim, b, g, j - n->past, d)];
}

static double mask_of(const node *n, const data *x, int b, int h, int i, int j)
{
    int all = n->past + n->keys, width = n->mask_keys ? n->mask_keys : all;
    int plane = n->mask_rank == 3 ? h : n->mask_rank == 4 ? b : 0;
    double bias = 0;

    if (n->mask_rank && j >= width)
        return -INFINITY;
    if (n->mask_rank) {
        double m = x->mask[(plane * Q_LEN + i) * width + j];

        bias = !n->boolean ? m : m != 0 ? 0 : -INFINITY;
    }
    if (n->lengths && j >= n->lengths[b])
        return -INFINITY;
    if (n->causal) {
        int offset = n->lengths && !n->past ? (int)n->lengths[b] - Q_LEN : n->from_start ? 0 : n->past;

        if (j > i + offset)
            return -INFINITY;
    }
    return bias;
}

static double cap(const node *n, double s)
{
    return n->softcap > 0 ? n->softcap * tanh(s / n->softcap) : s;
}

static void attend(const node *n, data *x, int b, int h, int i)
{
    int all = n->past + n->keys, group = n->heads / n->kv_heads, g = n->strided ? h % n->kv_heads : h / group;
    double weight[64], sum = 0, scale = n->scale > 0 ? n->scale : 0.5;

    for (int j = 0; j < all; j++) {
        double s = 0, mask = mask_of(n, x, b, h, i, j), step,
               *shown = &x->scores[((b * n->heads + h) * Q_LEN + i) * all + j];

        for (int d = 0; d < DIM; d++)
            s += scale * x->q[place(n->rows, n->heads, Q_LEN, DIM, b, h, i, d)] *
                 kept(n, x->past_k, x->k, DIM, b, g, j, d);
        *shown = n->cap_shown ? cap(n, s) : s;
        step = n->mask_first ? s + mask : cap(n, s);
        *shown = n->mode == 1 ? step : *shown;
        s = n->mask_first ? cap(n, step) : step + mask;
        *shown = n->mode == 2 ? s : *shown;
        weight[j] = exp(s);
        sum += weight[j];
    }
    for (int j = 0; n->mode == 3 && j < all; j++)
        x->scores[((b * n->heads + h) * Q_LEN + i) * all + j] = weight[j] / sum;
    for (int d = 0; d < V_DIM; d++) {
        double y = 0;

        for (int j = 0; j < all; j++)
            y += weight[j] / sum * kept(n, x->past_v, x->v, V_DIM, b, g, j, d);
        x->y[place(n->rows, n->heads, Q_LEN, V_DIM, b, h, i, d)] = y;
    }
}

static void put(bool output, bool rows, int heads, int len, int dim, const double *values)
{
    const int64_t *dims = rows ? DIMS(BATCH, len, (int64_t)heads * dim) : DIMS(BATCH, heads, len, dim);

    (output ? onnx_output : onnx_input)(FLOAT, dims, values);
}

static void put_mask(const node *n, const data *x)
{
    int width = n->mask_keys ? n->mask_keys : n->past + n->keys;

    if (!n->mask_rank)
        onnx_absent();
    else
        onnx_input(n->boolean ? BOOL : FLOAT,
                   n->mask_rank == 2   ? DIMS(Q_LEN, width)
                   : n->mask_rank == 3 ? DIMS(n->heads, Q_LEN, width)
                                       : DIMS(BATCH, 1, Q_LEN, width),
                   x->mask);
}

static void present(const node *n, const double *past, const double *now, int dim, double *to)
{
    int at = 0;

    for (int b = 0; b < BATCH; b++)
        for (int g = 0; g < n->kv_heads; g++)
            for (int j = 0; j < n->past + n->keys; j++)
                for (int d = 0; d < dim; d++)
                    to[at++] = kept(n, past, now, dim, b, g, j, d);
}

static void build(const node *n, data *x)
{
    int all = n->past + n->keys;

    for (int b = 0; b < BATCH; b++)
        for (int h = 0; h < n->heads; h++)
            for (int i = 0; i < Q_LEN; i++)
                attend(n, x, b, h, i);
    onnx_begin("Attention", 24);
    if (n->rows) {
        onnx_int("q_num_heads", n->heads);
        onnx_int("kv_num_heads", n->kv_heads);
    }
    onnx_int("is_causal", n->causal);
    if (n->scale > 0)
        onnx_float("scale", n->scale);
    if (n->softcap > 0)
        onnx_float("softcap", n->softcap);
    if (n->mode > 0)
        onnx_int("qk_matmul_output_mode", n->mode);
    put(false, n->rows, n->heads, Q_LEN, DIM, x->q);
    put(false, n->rows, n->kv_heads, n->keys, DIM, x->k);
    put(false, n->rows, n->kv_heads, n->keys, V_DIM, x->v);
    put_mask(n, x);
    if (n->past || n->empty_past) {
        put(false, false, n->kv_heads, n->past, DIM, x->past_k);
        put(false, false, n->kv_heads, n->past, V_DIM, x->past_v);
    } else {
        onnx_absent();
        onnx_absent();
    }
    if (n->lengths)
        onnx_input(INT64, DIMS(BATCH), n->lengths);
    put(true, n->rows, n->heads, Q_LEN, V_DIM, x->y);
    if (n->past || n->empty_past) {
        present(n, x->past_k, x->k, DIM, x->present_k);
        present(n, x->past_v, x->v, V_DIM, x->present_v);
        put(true, false, n->kv_heads, all, DIM, x->present_k);
        put(true, false, n->kv_heads, all, V_DIM, x->present_v);
    } else if (n->mode >= 0) {
        onnx_no_output();
        onnx_no_output();
    }
    if (n->mode >= 0)
        onnx_output(FLOAT, DIMS(BATCH, n->heads, Q_LEN, all), x->scores);
}

/* The number of workloads that it is, in the variant that `expected` names and in no other (-1: any). */
static void holds(node n, size_t count, int expected)
{
    static data x;
    char what[256];

    snprintf(what, sizeof what, "heads %d/%d keys %d+%d mask %d causal %d cap %g mode %d", n.heads, n.kv_heads,
             n.past, n.keys, n.mask_rank, n.causal, n.softcap, n.mode);
    fill(x.q, 1);
    fill(x.k, 2);
    fill(x.v, 3);
    fill(x.past_k, 4);
    fill(x.past_v, 5);
    fill(x.mask, 6);
    for (int i = 0; n.boolean && i < MOST; i++)
        x.mask[i] = i % 3 != 1;
    build(&n, &x);
    for (int variant = 0; variant < 16; variant++) {
        cake_error error = {""};
        cake_onnx_node made;
        cake_status st = onnx_map(variant, &made, &error);

        if (expected < 0 ? variant == 0 : variant == expected) {
            cr_expect_eq(st, CAKE_OK, "%s: variant %d: %s", what, variant, error.text);
            cr_expect_eq(made.count, count, "%s: %zu workloads", what, made.count);
        } else if (expected >= 0 && variant == 0) {
            cr_expect_eq(st, CAKE_NOT_FOUND, "%s: variant %d: %s", what, variant, error.text);
        }
        cr_expect_gt(made.variants, 1);
        cake_onnx_node_free(&made);
    }
}

/* The first step of a decoder has a past of no keys. */
Test(onnx_attention, an_empty_past_is_none)
{
    holds((node){.heads = 4, .kv_heads = 2, .keys = 5, .empty_past = true, .causal = true, .mode = -1}, 1, -1);
}

Test(onnx_attention, heads_and_layouts)
{
    for (int rows = 0; rows < 2; rows++) {
        holds((node){.heads = 2, .kv_heads = 2, .keys = 5, .rows = rows, .mode = -1}, 1, -1);
        holds((node){.heads = 4, .kv_heads = 2, .keys = 5, .rows = rows, .mode = -1}, 1, -1);
        holds((node){.heads = 3, .kv_heads = 1, .keys = 5, .rows = rows, .mode = -1, .scale = .125}, 1, -1);
    }
}

Test(onnx_attention, masks_of_every_shape)
{
    for (int boolean = 0; boolean < 2; boolean++) {
        node n = {.heads = 2, .kv_heads = 1, .keys = 6, .mode = -1, .boolean = boolean, .mask_rank = 2};

        holds(n, 1, -1);
        n.mask_keys = MASK_KEYS;
        holds(n, 1, -1);
        n.mask_rank = 3;
        holds(n, 4, -1);
        n.mask_rank = 4;
        holds(n, 2, -1);
        n.causal = true;
        holds(n, 2, -1);
    }
}

Test(onnx_attention, causal_behind_a_past)
{
    node n = {.heads = 2, .kv_heads = 2, .keys = 3, .mode = -1, .causal = true};

    holds(n, 1, -1);
    n.past = 4;
    holds(n, 1, -1);
    n.mask_rank = 2;
    holds(n, 1, -1);
    n.rows = true;
    holds(n, 1, -1);
}

Test(onnx_attention, lengths_of_each_batch)
{
    node n = {.heads = 2, .kv_heads = 2, .keys = 5, .mode = -1, .lengths = VALUES(3, 5)};

    holds(n, 2, -1);
    n.causal = true;
    holds(n, 2, -1);
    n.mask_rank = 3;
    holds(n, 4, -1);
}

Test(onnx_attention, caps_and_shows_scores)
{
    for (int mode = -1; mode < 4; mode++) {
        node n = {.heads = 2, .kv_heads = 2, .keys = 5, .mode = mode, .softcap = .5};

        n.mask_rank = 2;
        holds(n, 1, -1);
        n.softcap = 0;
        holds(n, 1, -1);
        n.causal = true;
        holds(n, 1, -1);
        n.past = 2;
        holds(n, 1, -1);
    }
}

Test(onnx_attention, finds_how_other_references_did_it)
{
    holds((node){.heads = 2, .kv_heads = 2, .keys = 5, .mode = 2, .softcap = .5, .mask_rank = 2, .mask_first = true},
          1, 1);
    holds((node){.heads = 2, .kv_heads = 2, .past = 2, .keys = 3, .mode = -1, .causal = true, .from_start = true}, 1,
          2);
    holds((node){.heads = 2, .kv_heads = 2, .keys = 5, .softcap = .5, .cap_shown = true}, 1, 8);
    holds((node){.heads = 4, .kv_heads = 2, .keys = 5, .mode = 3, .mask_rank = 3, .strided = true}, 8, 4);
    holds((node){.heads = 4, .kv_heads = 2, .keys = 5, .mode = -1, .rows = true, .strided = true}, 1, 4);
}

Test(onnx_attention, a_past_must_come_out_again)
{
    static data x;
    node n = {.heads = 1, .kv_heads = 1, .past = 1, .keys = 2, .mode = -1};

    fill(x.q, 1);
    build(&n, &x);
    IS("attention batch=2 heads=1 q_len=3 head_dim=4 v_dim=2");
    onnx_begin("Attention", 23);
    put(false, false, 1, Q_LEN, DIM, x.q);
    put(false, false, 1, 2, DIM, x.k);
    put(false, false, 1, 2, V_DIM, x.v);
    onnx_absent();
    put(false, false, 1, 1, DIM, x.past_k);
    put(false, false, 1, 1, V_DIM, x.past_v);
    put(true, false, 1, Q_LEN, V_DIM, x.y);
    x.present_k[0] = 1;
    put(true, false, 1, 3, DIM, x.present_k);
    onnx_broken("expected the past and the present one after the other as output 1");
}
