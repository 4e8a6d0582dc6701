/* linear: y = x wT + b as a packed product. An item is a block of rows by a block of panels of w. One phase; two where
 * x's rows would meet in the same sets of L1: the first copies them. A thread's share are panels by all rows, or rows
 * by all panels (linear_packed_rows_open).
 *
 * Floor: rows in out / VEC_LANES FMAs; of few rows, reading w once from where it lies (packed in open). */
#include <stdbool.h>
#include <string.h>

#include "common/kernels/gemm_in_place.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/rows.h"
#include "common/kernels/workspace.h"

enum {
    LINEAR_KC = 4 * GEMM_KC,                        /* block of k at most: each loads and stores y once more */
    LINEAR_ROWS = GEMM_MR * (GEMM_MR > 6 ? 8 : 20), /* rows of an item at most: their part of y stays in L2 */
    LINEAR_W_FLOATS = 320 * GEMM_KC,                /* of w that an item uses again: half of a 1 MiB L2 */
    LINEAR_COPY_FLOATS = 1 << 15                    /* of an item of the copy */
};

typedef struct linear_packed {
    const cake_host *host;
    cake_linear op;
    const float *bias;
    float *w;   /* packed */
    int64_t kc; /* its block of in */
    float *x;   /* copy, rows ldx apart, or NULL */
    int64_t ldx, copy_rows;
    int64_t row_blocks, panel_blocks;
    int64_t beside; /* panels that few rows take at once: where blocks of them may begin */
    bool by_rows;   /* how items are numbered: a block of rows after the other, or of panels */
} linear_packed;

static void linear_packed_close(void *ctx)
{
    linear_packed *l = ctx;
    const cake_host *host = l->host;

    workspace_free(host, l->w);
    workspace_free(host, l->x);
    host->free(host, l);
}

/* Cut `blocks` finer, into `most` at most, so that there are as many items as wanted. */
static int64_t linear_packed_finer(int64_t blocks, int64_t others, int64_t wanted, int64_t most)
{
    if (blocks * others < wanted)
        blocks = (wanted + others - 1) / others;
    return blocks < most ? blocks : most;
}

/* Cut the rows and panels into blocks: where more than one tile of rows uses them, small enough for the caches; and
 * about four items a thread where the work allows, first along the axis by which threads share. */
static void linear_packed_cut(linear_packed *l, int threads)
{
    int64_t panels = (gemm_panels(l->op.out) + l->beside - 1) / l->beside;
    int64_t tiles = (l->op.rows + GEMM_MR - 1) / GEMM_MR;
    int64_t wanted = threads > 1 ? 4 * (int64_t)threads : 1, fit = LINEAR_W_FLOATS / (l->kc * GEMM_NR);

    l->row_blocks = (l->op.rows + LINEAR_ROWS - 1) / LINEAR_ROWS;
    l->panel_blocks = l->op.rows <= GEMM_FEW ? 1 : fit > 0 ? (panels + fit - 1) / fit : panels;
    if (l->by_rows)
        l->row_blocks = linear_packed_finer(l->row_blocks, l->panel_blocks, wanted, tiles);
    l->panel_blocks = linear_packed_finer(l->panel_blocks, l->row_blocks, wanted, panels);
    l->row_blocks = linear_packed_finer(l->row_blocks, l->panel_blocks, wanted, tiles);
}

/* Copy x where its rows collide and more than one panel reads them. */
static void linear_packed_copy(linear_packed *l, int64_t ldx, int threads)
{
    const cake_linear *op = &l->op;

    l->ldx = ldx;
    if (op->rows <= GEMM_FEW || op->out <= GEMM_NR || !gemm_rows_collide(ldx))
        return;
    l->ldx = (op->in + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
    if (gemm_rows_collide(l->ldx))
        l->ldx += VEC_LANES;
    l->copy_rows = rows_of_item(op->rows, op->in, LINEAR_COPY_FLOATS, 1, threads);
}

static int32_t linear_packed_make(bool by_rows, const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    const cake_linear *op = problem->params;
    linear_packed *l = host->alloc(host, sizeof *l, 64);

    if (!l)
        return CAKE_NO_MEMORY;
    *l = (linear_packed){.host = host, .op = *op, .by_rows = by_rows};
    l->bias = op->bias ? constants[1]->data : NULL;
    l->kc = op->rows <= GEMM_FEW ? op->in : gemm_k_block_of(op->in, LINEAR_KC);
    l->beside = op->rows <= GEMM_FEW ? GEMM_BESIDE : 1;
    linear_packed_cut(l, problem->threads);
    linear_packed_copy(l, problem->inputs[0]->stride[0], problem->threads);
    l->w = workspace_floats(host, gemm_b_floats(op->in, op->out));
    l->x = l->copy_rows ? workspace_floats(host, op->rows * l->ldx) : NULL;
    if (!l->w || (l->copy_rows && !l->x)) {
        linear_packed_close(l);
        return CAKE_NO_MEMORY;
    }
    gemm_pack_b(l->w, constants[0]->data, op->in, l->kc, op->out, constants[0]->stride[1], constants[0]->stride[0], 0,
                gemm_panels(op->out));
    *ctx = l;
    return CAKE_DONE;
}

static int32_t linear_packed_open(const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    return linear_packed_make(false, problem, constants, host, ctx);
}

static int32_t linear_packed_rows_open(const cake_problem *problem, const cake_tensor *const *constants,
                                       const cake_host *host, void **ctx)
{
    return linear_packed_make(true, problem, constants, host, ctx);
}

static int64_t linear_packed_phases(const void *ctx)
{
    const linear_packed *l = ctx;

    return l->x ? 2 : 1;
}

static int64_t linear_packed_items(const void *ctx, int64_t phase)
{
    const linear_packed *l = ctx;

    return l->x && phase == 0 ? rows_items(l->op.rows, l->copy_rows) : l->row_blocks * l->panel_blocks;
}

/* The panel that block p of panels begins with. */
static int64_t linear_packed_panel(const linear_packed *l, int64_t p)
{
    int64_t panels = gemm_panels(l->op.out);
    int64_t panel = p * ((panels + l->beside - 1) / l->beside) / l->panel_blocks * l->beside;

    return panel < panels ? panel : panels;
}

/* The block of panels of an item. */
static int64_t linear_packed_block(const linear_packed *l, int64_t item)
{
    return l->by_rows ? item % l->panel_blocks : item / l->row_blocks;
}

static void linear_packed_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                               int64_t phase, int64_t begin, int64_t end, int thread)
{
    const linear_packed *l = ctx;
    const float *x = inputs[0]->data;
    int64_t rows = l->op.rows;
    gemm g = {.a = l->x ? l->x : x,
              .lda = l->ldx,
              .b = l->w,
              .k = l->op.in,
              .kc = l->kc,
              .n = l->op.out,
              .c = outputs[0]->data,
              .ldc = outputs[0]->stride[0],
              .bias = l->bias};

    (void)thread;
    if (l->x && phase == 0) {
        for (int64_t row = begin * l->copy_rows; row < end * l->copy_rows && row < rows; row++)
            memcpy(l->x + row * l->ldx, x + row * inputs[0]->stride[0], (size_t)l->op.in * sizeof *x);
        return;
    }
    for (int64_t item = begin; item < end; item++) {
        int64_t p = linear_packed_block(l, item);
        int64_t r = l->by_rows ? item / l->panel_blocks : item % l->row_blocks;
        int64_t then = item + 1 < end ? linear_packed_panel(l, linear_packed_block(l, item + 1)) : 0;

        g.then = then < gemm_panels(l->op.out) ? l->w + then * l->kc * GEMM_NR : NULL;
        gemm_compute(&g, r * rows / l->row_blocks, (r + 1) * rows / l->row_blocks, linear_packed_panel(l, p),
                     linear_packed_panel(l, p + 1));
    }
}
