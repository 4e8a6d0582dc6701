/* moe, and the experts of a DeepSeek block. Each row's experts are chosen, the choices sorted by expert, and an
 * expert multiplies all of its rows at once, found through pointers; shared experts are a dense network beside. Each
 * choice's result is kept, and a row's are added in the order of their scores, so that no thread waits for another
 * and the sum does not depend on them.
 *
 * Steps: logits and the shared experts' first product; the choice; sorting, and the shared experts' second product;
 * the experts' first product with its gate; their second; the sum. */
#ifndef LAYERCAKE_PLUGINS_COMMON_LAYER_MOE_INC_H
#define LAYERCAKE_PLUGINS_COMMON_LAYER_MOE_INC_H

#include <string.h>

#include "common/kernels/layer_steps.inc.h"

enum { MOE_ROWS = 16 }; /* of an item of the choice and of the sum */

/* Some rows of one expert: an item is a block of panels of them. */
typedef struct moe_unit {
    int32_t expert, rows;
    int64_t slot; /* of its first row */
} moe_unit;

typedef struct moe {
    cake_moe op;
    layer_view x, y, base; /* base: what the sum begins with */
    bool has_base;
    layer_view logits;
    float *weight;    /* [rows][top_k] */
    int32_t *chosen;  /* [rows][top_k] experts */
    int32_t *slot_of; /* [rows][top_k]: where the choice stands when sorted by expert */
    int32_t *row_of;  /* [rows top_k]: row of each slot */
    int32_t *next;    /* [experts] */
    moe_unit *units;
    int64_t n_units;
    layer_view hidden, up, out;        /* [rows top_k][ffn], [rows top_k][model] */
    float *gate_w, *up_w, *down_w;     /* packed, expert after expert */
    int64_t first_floats, down_floats; /* of an expert */
    int64_t first_blocks, down_blocks; /* of panels */
} moe;

/* The top_k largest logits of a row and what they count, the largest first; of equal ones the first. */
static void moe_choose(const moe *m, int64_t row)
{
    const cake_moe *p = &m->op;
    float *logit = m->logits.own + row * p->experts, *weight = m->weight + row * p->top_k, sum = 0, largest;
    int32_t *chosen = m->chosen + row * p->top_k;
    int64_t count = 0;

    for (int64_t e = 0; e < p->experts; e++) {
        int64_t at;
        if (count == p->top_k && !(logit[e] > weight[count - 1]))
            continue;
        at = count < p->top_k ? count++ : count - 1;
        for (; at > 0 && logit[e] > weight[at - 1]; at--)
            weight[at] = weight[at - 1], chosen[at] = chosen[at - 1];
        weight[at] = logit[e], chosen[at] = (int32_t)e;
    }
    largest = weight[0];
    if (p->scoring == CAKE_SCORE_SIGMOID)
        activation_apply(CAKE_ACTIVATION_SIGMOID, weight, weight, p->top_k);
    for (int64_t k = 0; k < p->top_k; k++) {
        weight[k] = p->scoring == CAKE_SCORE_SIGMOID ? weight[k] : expf(weight[k] - largest);
        sum += weight[k];
    }
    if (!p->normalize && p->scoring == CAKE_SCORE_SOFTMAX) {
        vec all = vec_zero();
        for (int64_t e = 0; e < p->experts; e += VEC_LANES) {
            vec s = vec_exp_neg(vec_sub(vec_load_left(logit + e, p->experts - e), vec_set1(largest)));
            all = vec_add(all, vec_select(vec_mask_left(p->experts - e), s, vec_zero()));
        }
        sum = vec_sum(all);
    }
    for (int64_t k = 0; k < p->top_k; k++)
        weight[k] *= (float)p->route_scale / (p->normalize || p->scoring == CAKE_SCORE_SOFTMAX ? sum : 1);
}

static void moe_choose_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const moe *m = s->as.own;

    (void)call;
    for (int64_t row = item * MOE_ROWS; row < (item + 1) * MOE_ROWS && row < m->op.rows; row++)
        moe_choose(m, row);
}

/* Sort the choices by expert, rows in order, and cut them into units. */
static void moe_sort_work(const layer_step *s, const layer_call *call, int64_t item)
{
    moe *m = s->as.own;
    int64_t choices = m->op.rows * m->op.top_k, slot = 0;

    (void)call;
    (void)item;
    memset(m->next, 0, (size_t)m->op.experts * sizeof *m->next);
    for (int64_t i = 0; i < choices; i++)
        m->next[m->chosen[i]]++;
    m->n_units = 0;
    for (int32_t e = 0; e < m->op.experts; e++) {
        int32_t rows = m->next[e];
        m->next[e] = (int32_t)slot;
        for (int32_t done = 0; done < rows; done += LAYER_ROWS) {
            int32_t some = rows - done < LAYER_ROWS ? rows - done : LAYER_ROWS;
            m->units[m->n_units++] = (moe_unit){e, some, slot + done};
        }
        slot += rows;
    }
    for (int64_t i = 0; i < choices; i++) {
        m->slot_of[i] = m->next[m->chosen[i]]++;
        m->row_of[m->slot_of[i]] = (int32_t)(i / m->op.top_k);
    }
}

/* silu(x gT) (x uT) of a unit's rows and a block of panels. */
static void moe_first_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const moe *m = s->as.own;
    const moe_unit *unit = &m->units[item / m->first_blocks];
    int64_t ffn = m->op.ffn, panels = gemm_panels(ffn), block = item % m->first_blocks;
    int64_t p0 = block * panels / m->first_blocks, p1 = (block + 1) * panels / m->first_blocks;
    int64_t columns = (p1 * GEMM_NR < ffn ? p1 * GEMM_NR : ffn) - p0 * GEMM_NR;
    const float *x = layer_at(&m->x, call), *from[LAYER_ROWS];
    gemm_rows g = {m->op.model, m->gate_w + unit->expert * m->first_floats, panels, ffn, panels, NULL};
    gemm_rows_to gate = {m->hidden.own + unit->slot * ffn, ffn, 0, 0}, up = {m->up.own + unit->slot * ffn, ffn, 0, 0};

    for (int64_t r = 0; r < unit->rows; r++)
        from[r] = x + m->row_of[unit->slot + r] * m->x.row;
    gemm_rows_compute(&g, from, unit->rows, p0, p1, &gate, call->scratch);
    g.b = m->up_w + unit->expert * m->first_floats;
    gemm_rows_compute(&g, from, unit->rows, p0, p1, &up, call->scratch);
    for (int64_t r = 0; r < unit->rows; r++)
        layer_gate_run(gate.c + r * ffn + p0 * GEMM_NR, up.c + r * ffn + p0 * GEMM_NR, columns);
}

static void moe_second_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const moe *m = s->as.own;
    const moe_unit *unit = &m->units[item / m->down_blocks];
    int64_t model = m->op.model, panels = gemm_panels(model), block = item % m->down_blocks;
    const float *from[LAYER_ROWS];
    gemm_rows g = {m->op.ffn, m->down_w + unit->expert * m->down_floats, panels, model, panels, NULL};
    gemm_rows_to out = {m->out.own + unit->slot * model, model, 0, 0};

    for (int64_t r = 0; r < unit->rows; r++)
        from[r] = m->hidden.own + (unit->slot + r) * m->op.ffn;
    gemm_rows_compute(&g, from, unit->rows, block * panels / m->down_blocks, (block + 1) * panels / m->down_blocks,
                      &out, call->scratch);
}

static void moe_sum_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const moe *m = s->as.own;
    const cake_moe *p = &m->op;

    for (int64_t row = item * MOE_ROWS; row < (item + 1) * MOE_ROWS && row < p->rows; row++) {
        const float *base = m->has_base ? layer_at(&m->base, call) + row * m->base.row : NULL;
        float *y = layer_at(&m->y, call) + row * m->y.row;
        for (int64_t i = 0; i < p->model; i += VEC_LANES) {
            int64_t left = p->model - i;
            vec sum = base ? vec_load_left(base + i, left) : vec_zero();
            for (int64_t k = row * p->top_k; k < (row + 1) * p->top_k; k++)
                sum = vec_fma(vec_set1(m->weight[k]), vec_load_left(m->out.own + m->slot_of[k] * p->model + i, left),
                              sum);
            vec_store_left(y + i, sum, left);
        }
    }
}

/* The experts' weights, packed one after another; w [experts][2 ffn][model] and [experts][model][ffn]. */
static inline void moe_pack(layer *l, moe *m, const float *w1, const float *w2)
{
    const cake_moe *p = &m->op;

    m->first_floats = gemm_b_floats(p->model, p->ffn);
    m->down_floats = gemm_b_floats(p->ffn, p->model);
    m->gate_w = layer_floats(l, p->experts * m->first_floats);
    m->up_w = layer_floats(l, p->experts * m->first_floats);
    m->down_w = layer_floats(l, p->experts * m->down_floats);
    for (int64_t e = 0; !l->failed && e < p->experts; e++, w1 += 2 * p->ffn * p->model, w2 += p->ffn * p->model) {
        gemm_pack_b(m->gate_w + e * m->first_floats, w1, p->model, gemm_k_block(p->model), p->ffn, 1, p->model, 0,
                    gemm_panels(p->ffn));
        gemm_pack_b(m->up_w + e * m->first_floats, w1 + p->ffn * p->model, p->model, gemm_k_block(p->model), p->ffn,
                    1, p->model, 0, gemm_panels(p->ffn));
        gemm_pack_b(m->down_w + e * m->down_floats, w2, p->ffn, gemm_k_block(p->ffn), p->model, 1, p->ffn, 0,
                    gemm_panels(p->model));
    }
}

/* The experts' own memory. */
static inline moe *moe_new(layer *l, const cake_moe *p)
{
    int64_t choices = p->rows * p->top_k, units = p->experts + choices / LAYER_ROWS;
    moe *m = (moe *)layer_floats(l, (int64_t)(sizeof(moe) / sizeof(float)) + 1);

    if (!m)
        return NULL;
    m->op = *p;
    m->logits = layer_matrix(l, 1, p->rows, p->experts);
    m->weight = layer_floats(l, choices);
    m->chosen = (int32_t *)layer_floats(l, choices);
    m->slot_of = (int32_t *)layer_floats(l, choices);
    m->row_of = (int32_t *)layer_floats(l, choices);
    m->next = (int32_t *)layer_floats(l, p->experts);
    m->units = (moe_unit *)layer_floats(l, units * (int64_t)(sizeof(moe_unit) / sizeof(float)));
    m->hidden = layer_matrix(l, 1, choices, p->ffn);
    m->up = layer_matrix(l, 1, choices, p->ffn);
    m->out = layer_matrix(l, 1, choices, p->model);
    return m;
}

/* Blocks of panels of a unit: about four items a thread from top_k units. */
static inline int64_t moe_blocks(const layer *l, const cake_moe *p, int64_t columns)
{
    int64_t rows, blocks;

    layer_cut(1, gemm_panels(columns), LAYER_PANELS, rows_items(l->threads, p->top_k), &rows, &blocks);
    return blocks;
}

/* Steps y = base (or nothing) + experts(x); w: gate, w1, w2, s1, s2. base: view of a matrix, or NULL. */
static inline void layer_add_experts(layer *l, const cake_moe *p, const cake_tensor *const *w, layer_view x,
                                     const layer_view *base, layer_view y)
{
    moe *m = moe_new(l, p);
    int64_t shared = p->shared * p->ffn, blocks = rows_items(p->rows, MOE_ROWS);
    layer_view hidden;

    if (!m)
        return;
    m->x = x, m->y = y;
    m->has_base = base || shared;
    m->base = shared ? y : base ? *base : x;
    moe_pack(l, m, w[1]->data, w[2]->data);
    m->first_blocks = moe_blocks(l, p, p->ffn);
    m->down_blocks = moe_blocks(l, p, p->model);
    layer_add_product(l, false, layer_dense(w[0]->data, NULL, p->model, p->experts),
                      (layer_product){.a = x, .c = m->logits, .rows = p->rows});
    if (shared) {
        const float *s1 = w[3]->data;
        layer_weights up = layer_dense(s1 + shared * p->model, NULL, p->model, shared);
        hidden = layer_matrix(l, 1, p->rows, shared);
        layer_add_product(l, true, layer_dense(s1, NULL, p->model, shared),
                          (layer_product){.a = x,
                                          .c = hidden,
                                          .rows = p->rows,
                                          .end = layer_gate,
                                          .other = layer_matrix(l, 1, p->rows, shared),
                                          .up = layer_pack(l, &up)});
    }
    layer_add(l, false, (layer_step){.work = moe_choose_work, .items = blocks, .as.own = m});
    layer_add(l, false, (layer_step){.work = moe_sort_work, .items = 1, .as.own = m});
    if (shared) {
        layer_product second = {.a = hidden, .c = y, .rows = p->rows};
        if (base)
            second.end = layer_residual, second.other = *base;
        layer_add_product(l, true, layer_dense(w[4]->data, NULL, shared, p->model), second);
    }
    layer_add(l, false,
              (layer_step){.work = moe_first_work, .items = m->first_blocks, .times = &m->n_units, .as.own = m});
    layer_add(l, false,
              (layer_step){.work = moe_second_work, .items = m->down_blocks, .times = &m->n_units, .as.own = m});
    layer_add(l, false, (layer_step){.work = moe_sum_work, .items = blocks, .as.own = m});
}

static int32_t moe_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                        void **ctx)
{
    const cake_moe *p = problem->params;
    layer *l = layer_new(problem, host);

    if (!l)
        return CAKE_NO_MEMORY;
    layer_add_experts(l, p, constants, (layer_view){.where = LAYER_X, .row = p->model}, NULL,
                      (layer_view){.where = LAYER_Y, .row = p->model});
    return layer_ready(l, ctx);
}

#endif
