/* The steps that composed layers share: products and what they end with, norms, attention. */
#ifndef LAYERCAKE_PLUGINS_COMMON_LAYER_STEPS_INC_H
#define LAYERCAKE_PLUGINS_COMMON_LAYER_STEPS_INC_H

#include "common/kernels/layer.inc.h"
#include "common/kernels/rows.h"

enum {
    LAYER_ROWS = GEMM_MR * (GEMM_MR > 6 ? 8 : 20), /* rows of an item at most: their part of c stays in L2 */
    LAYER_PANELS = 320 / GEMM_NR,                  /* panels of an item at most: with GEMM_KC, half of a 1 MiB L2 */
    LAYER_NORM_FLOATS = 16384                      /* of an item of a norm, about */
};

/* Weights w of some heads as they come: element [column][k] of head h is w[column * column_step + k * k_step + h *
 * head]. */
typedef struct layer_weights {
    const float *w, *bias; /* bias [heads][n], or NULL */
    int64_t k, heads, n;
    int64_t column_step, k_step, head;
} layer_weights;

/* Rows of the usual kind, w [n][k]. */
static inline layer_weights layer_dense(const float *w, const float *bias, int64_t k, int64_t n)
{
    return (layer_weights){w, bias, k, 1, n, k, 1, 0};
}

/* The same of heads one below the other, w [heads][n][k]. */
static inline layer_weights layer_heads(const float *w, const float *bias, int64_t k, int64_t heads, int64_t n)
{
    return (layer_weights){w, bias, k, heads, n, k, 1, n * k};
}

static inline float *layer_pack(layer *l, const layer_weights *w)
{
    float *packed = layer_floats(l, gemm_heads_floats(w->k, w->heads, w->n));

    if (packed)
        gemm_pack_heads(packed, w->w, w->k, w->heads, w->n, w->k_step, w->column_step, w->head);
    return packed;
}

/* Cut rows and units of panels into blocks: small enough for the caches, and about four items a thread where the work
 * allows; panels first because blocks of panels share nothing. */
static inline void layer_cut(int64_t rows, int64_t units, int64_t most_units, int64_t threads, int64_t *row_blocks,
                             int64_t *unit_blocks)
{
    int64_t tiles = rows_items(rows, GEMM_MR), wanted = threads > 1 ? 4 * threads : 1;

    *row_blocks = rows_items(rows, LAYER_ROWS);
    *unit_blocks = rows_items(units, most_units > 0 ? most_units : 1);
    if (*row_blocks * *unit_blocks < wanted)
        *unit_blocks = rows_items(wanted, *row_blocks);
    *unit_blocks = *unit_blocks < units ? *unit_blocks : units;
    if (*row_blocks * *unit_blocks < wanted)
        *row_blocks = rows_items(wanted, *unit_blocks);
    *row_blocks = *row_blocks < tiles ? *row_blocks : tiles;
}

static void layer_product_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const layer_product *p = &s->as.product;
    int64_t row_block = item % p->row_blocks, panel_block = item / p->row_blocks, units = p->g.panels / p->unit;
    int64_t row0 = row_block * p->rows / p->row_blocks, row1 = (row_block + 1) * p->rows / p->row_blocks;
    int64_t p0 = panel_block * units / p->panel_blocks * p->unit;
    int64_t p1 = (panel_block + 1) * units / p->panel_blocks * p->unit;
    const float *a = layer_at(&p->a, call) + p0 / p->g.of_head * p->a.head, *from[LAYER_ROWS];
    gemm_rows_to c = {layer_at(&p->c, call) + row0 * p->c.row, p->c.row, p->c.head, 0};

    for (int64_t r = row0; r < row1; r++)
        from[r - row0] = a + r * p->a.row;
    gemm_rows_compute(&p->g, from, row1 - row0, p0, p1, &c, call->scratch);
    if (p->up) {
        gemm_rows up = p->g;
        gemm_rows_to to = {layer_at(&p->other, call) + row0 * p->other.row, p->other.row, p->other.head, 0};
        up.b = p->up;
        up.bias = p->up_bias;
        gemm_rows_compute(&up, from, row1 - row0, p0, p1, &to, call->scratch);
    }
    if (p->end)
        p->end(p, call, row0, row1, p0, p1);
}

/* A step c = a wT + bias of `p`'s rows, with p's end. Where each head has its own a, an item is one head. */
static inline layer_product *layer_add_product(layer *l, bool joins, layer_weights w, layer_product p)
{
    int64_t of_head = gemm_panels(w.n), units;

    p.g = (gemm_rows){w.k, layer_pack(l, &w), w.heads * of_head, w.n, of_head, w.bias};
    p.heads = w.heads;
    p.unit = p.whole || p.a.head ? of_head : 1;
    units = p.g.panels / p.unit;
    layer_cut(p.rows, units, LAYER_PANELS / p.unit, l->threads, &p.row_blocks, &p.panel_blocks);
    if (p.a.head)
        p.panel_blocks = units;
    return &layer_add(
                l, joins,
                (layer_step){.work = layer_product_work, .items = p.row_blocks * p.panel_blocks, .as.product = p})
                ->as.product;
}

/* The columns of panels p0 .. p1-1 of a product of one head. */
static inline int64_t layer_columns(const layer_product *p, int64_t p0, int64_t p1)
{
    return (p1 * GEMM_NR < p->g.n ? p1 * GEMM_NR : p->g.n) - p0 * GEMM_NR;
}

/* Ends of products of one head: c = f(c);  c = silu(c) other, the product of `up`;  c = c + other. */
static inline void layer_activate(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1,
                                  int64_t p0, int64_t p1)
{
    for (int64_t r = row0; r < row1; r++) {
        float *c = layer_at(&p->c, call) + r * p->c.row + p0 * GEMM_NR;
        activation_apply(p->activation, c, c, layer_columns(p, p0, p1));
    }
}

/* gate = silu(gate) up */
static inline void layer_gate_run(float *gate, const float *up, int64_t count)
{
    for (int64_t i = 0; i < count; i += VEC_LANES)
        vec_store_left(gate + i,
                       vec_mul(vec_silu(vec_load_left(gate + i, count - i)), vec_load_left(up + i, count - i)),
                       count - i);
}

static inline void layer_gate(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1, int64_t p0,
                              int64_t p1)
{
    for (int64_t r = row0; r < row1; r++)
        layer_gate_run(layer_at(&p->c, call) + r * p->c.row + p0 * GEMM_NR,
                       layer_at(&p->other, call) + r * p->other.row + p0 * GEMM_NR, layer_columns(p, p0, p1));
}

static inline void layer_residual(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1,
                                  int64_t p0, int64_t p1)
{
    int64_t columns = layer_columns(p, p0, p1);

    for (int64_t r = row0; r < row1; r++) {
        float *c = layer_at(&p->c, call) + r * p->c.row + p0 * GEMM_NR;
        const float *x = layer_at(&p->other, call) + r * p->other.row + p0 * GEMM_NR;
        for (int64_t i = 0; i < columns; i += VEC_LANES)
            vec_store_left(c + i, vec_add(vec_load_left(c + i, columns - i), vec_load_left(x + i, columns - i)),
                           columns - i);
    }
}

/* End of a product of heads: some columns of each turn by the row's position. */
static inline void layer_turn(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1, int64_t p0,
                              int64_t p1)
{
    for (int64_t h = p0 / p->g.of_head; h < p1 / p->g.of_head; h++)
        for (int64_t r = row0; r < row1; r++) {
            float *c = layer_at(&p->c, call) + h * p->c.head + r * p->c.row + p->turns_at;
            rope_row(p->turns, r % p->turns->len, c, c);
        }
}

static void layer_norm_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const layer_norm *n = &s->as.norm;
    int64_t begin = item * n->block, end = begin + n->block < n->norm.rows ? begin + n->block : n->norm.rows;

    if (n->x.row == n->norm.hidden && n->y.row == n->norm.hidden) {
        row_norm_run(&n->norm, layer_at(&n->x, call), layer_at(&n->y, call), begin, end);
        return;
    }
    for (int64_t r = begin; r < end; r++)
        row_norm_run(&n->norm, layer_at(&n->x, call) + r * n->x.row, layer_at(&n->y, call) + r * n->y.row, 0, 1);
}

/* A step y = norm(x) of rows; shift: NULL for rms_norm. */
static inline void layer_add_norm(layer *l, bool joins, layer_view x, layer_view y, row_norm norm)
{
    layer_norm n = {.norm = norm, .x = x, .y = y};

    n.norm.rms = !norm.shift;
    n.block = rows_of_item(norm.rows, norm.hidden, LAYER_NORM_FLOATS, 1, l->threads);
    layer_add(l, joins, (layer_step){.work = layer_norm_work, .items = rows_items(norm.rows, n.block), .as.norm = n});
}

static void layer_attention_work(const layer_step *s, const layer_call *call, int64_t item)
{
    const layer_attention *a = &s->as.attention;
    const attention_call tensors = {layer_at(&a->q, call), layer_at(&a->k, call), layer_at(&a->v, call), NULL,
                                    layer_at(&a->y, call)};

    attention_item(&a->plan, &tensors, item, call->scratch);
}

/* Rows of a matrix of heads, of sequences of `len` rows each. */
static inline attention_rows layer_rows(const layer_view *v, int64_t len)
{
    return (attention_rows){v->row, v->head, len * v->row};
}

/* A step of attention between matrices of heads, with the sequences of the batch one below the other. */
static inline void layer_add_attention(layer *l, const cake_attention *op, layer_view q, layer_view k, layer_view v,
                                       layer_view y)
{
    layer_attention a = {.plan = attention_plan_of(op), .q = q, .k = k, .v = v, .y = y};

    a.plan.q = layer_rows(&q, op->q_len);
    a.plan.k = layer_rows(&k, op->kv_len);
    a.plan.v = layer_rows(&v, op->kv_len);
    a.plan.y = layer_rows(&y, op->q_len);
    l->scratch_floats =
        a.plan.scratch_floats > l->scratch_floats ? (a.plan.scratch_floats + 15) / 16 * 16 : l->scratch_floats;
    layer_add(l, false,
              (layer_step){.work = layer_attention_work, .items = attention_items(&a.plan), .as.attention = a});
}

#endif
