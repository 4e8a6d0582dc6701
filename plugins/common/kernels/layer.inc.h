/* A layer composed of steps: products with packed weights, norms, attention, one after another over tensors that lie
 * in a workspace. Each step is cut into items of its own; steps that do not wait for each other share a phase.
 *
 * A layer is made in open: layer_new, then what memory and which steps it has, then layer_ready. Running out of
 * memory is remembered, and told by layer_ready, so that what lies between needs no checks. Include a vector header
 * first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_LAYER_INC_H
#define LAYERCAKE_PLUGINS_COMMON_LAYER_INC_H

#include <stdbool.h>

#include "common/kernels/activation.inc.h"
#include "common/kernels/attention_block.inc.h"
#include "common/kernels/gemm_rows.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/norm_rows.inc.h"
#include "common/kernels/rope.inc.h"
#include "common/kernels/workspace.h"

enum { LAYER_STEPS = 24, LAYER_MEMORY = 48 };

/* Where a matrix lies: in a tensor of the call, or in the layer's memory; and the distances in it, in floats. */
typedef enum { LAYER_OWN, LAYER_X, LAYER_SECOND, LAYER_Y } layer_where;

typedef struct layer_view {
    layer_where where; /* LAYER_SECOND: the second input */
    float *own;        /* of LAYER_OWN */
    int64_t row, head;
} layer_view;

typedef struct layer_call {
    float *at[4]; /* of each layer_where; inputs are only read */
    float *scratch;
} layer_call;

typedef struct layer layer;
typedef struct layer_step layer_step;

/* What is done to an item of a product when it is complete and in the cache: rows row0 .. row1-1, panels p0 .. p1-1.
 */
typedef struct layer_product layer_product;
typedef void layer_product_end(const layer_product *p, const layer_call *call, int64_t row0, int64_t row1, int64_t p0,
                               int64_t p1);

/* c = a wT + bias, for each head. */
struct layer_product {
    layer_view a, c; /* a.head = 0: all heads have the same a */
    int64_t rows, heads;
    gemm_rows g;
    layer_product_end *end; /* or NULL */
    layer_view other;       /* of end */
    const float *up;        /* packed: what goes into other, for layer_gate; else NULL */
    const float *up_bias;
    int32_t activation;      /* of layer_activate */
    const rope_table *turns; /* of layer_turn; row r has position r % turns->len */
    int64_t turns_at;        /* first column of a head that turns */
    bool whole;              /* an item's columns are whole heads */
    int64_t unit;            /* panels that stay together */
    int64_t row_blocks, panel_blocks;
};

typedef struct layer_norm {
    row_norm norm;
    layer_view x, y;
    int64_t block; /* rows of an item */
} layer_norm;

typedef struct layer_attention {
    attention_plan plan;
    layer_view q, k, v, y;
} layer_attention;

struct layer_step {
    void (*work)(const layer_step *s, const layer_call *call, int64_t item);
    int64_t items;
    const int64_t *times; /* NULL, or so many times the items, known when the phase begins */
    union {
        layer_product product;
        layer_norm norm;
        layer_attention attention;
        void *own; /* of a layer's own kinds of step */
    } as;
};

struct layer {
    const cake_host *host;
    int64_t threads;
    uint32_t inputs;
    bool failed; /* no memory */
    int steps, phases, memories;
    int first[LAYER_STEPS + 1]; /* step of each phase, and the end */
    layer_step step[LAYER_STEPS];
    float *memory[LAYER_MEMORY];
    rope_table turns;
    int64_t scratch_floats; /* of a thread */
    float *scratch;
};

static void layer_close(void *ctx)
{
    layer *l = ctx;

    for (int i = 0; i < l->memories; i++)
        workspace_free(l->host, l->memory[i]);
    rope_table_free(&l->turns, l->host);
    l->host->free(l->host, l);
}

static inline layer *layer_new(const cake_problem *problem, const cake_host *host)
{
    layer *l = host->alloc(host, sizeof *l, 64);

    if (l)
        *l = (layer){.host = host,
                     .threads = problem->threads,
                     .inputs = problem->n_inputs,
                     .scratch_floats = GEMM_SCRATCH_FLOATS};
    return l;
}

/* Memory of the layer; NULL if there is none. */
static inline float *layer_floats(layer *l, int64_t floats)
{
    float *memory = l->failed ? NULL : workspace_floats(l->host, floats);

    if (!memory)
        l->failed = true;
    else
        l->memory[l->memories++] = memory;
    return memory;
}

/* A matrix of the layer's own: `heads` blocks of rows x columns. */
static inline layer_view layer_matrix(layer *l, int64_t heads, int64_t rows, int64_t columns)
{
    return (layer_view){LAYER_OWN, layer_floats(l, heads * rows * columns), columns, heads > 1 ? rows * columns : 0};
}

static inline float *layer_at(const layer_view *v, const layer_call *call)
{
    return v->where == LAYER_OWN ? v->own : call->at[v->where];
}

/* A new step, in a phase of its own or in that of the step before. */
static inline layer_step *layer_add(layer *l, bool joins, layer_step step)
{
    if (!joins)
        l->first[l->phases++] = l->steps;
    l->step[l->steps] = step;
    l->first[l->phases] = l->steps + 1;
    return &l->step[l->steps++];
}

/* The last of open. */
static inline int32_t layer_ready(layer *l, void **ctx)
{
    l->scratch = layer_floats(l, l->threads * l->scratch_floats);
    if (l->failed) {
        layer_close(l);
        return CAKE_NO_MEMORY;
    }
    *ctx = l;
    return CAKE_DONE;
}

static int64_t layer_phases(const void *ctx)
{
    const layer *l = ctx;

    return l->phases;
}

static inline int64_t layer_step_items(const layer_step *s)
{
    return s->times ? s->items * *s->times : s->items;
}

static int64_t layer_items(const void *ctx, int64_t phase)
{
    const layer *l = ctx;
    int64_t items = 0;

    for (int i = l->first[phase]; i < l->first[phase + 1]; i++)
        items += layer_step_items(&l->step[i]);
    return items;
}

static void layer_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                       int64_t begin, int64_t end, int thread)
{
    const layer *l = ctx;
    layer_call call = {.at = {[LAYER_X] = inputs[0]->data, [LAYER_Y] = outputs[0]->data},
                       .scratch = l->scratch + thread * l->scratch_floats};
    int64_t base = 0;

    if (l->inputs > 1)
        call.at[LAYER_SECOND] = inputs[1]->data;
    for (int i = l->first[phase]; i < l->first[phase + 1]; i++) {
        const layer_step *s = &l->step[i];
        int64_t items = layer_step_items(s);
        for (int64_t item = begin > base ? begin - base : 0; item < items && item < end - base; item++)
            s->work(s, &call, item);
        base += items;
    }
}

#endif
