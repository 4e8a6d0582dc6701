/* linear: y = x wT + b as a packed product. One phase; an item is a block of rows by a block of panels of w. A thread's
 * share are panels by all rows, or rows by all panels (linear_packed_rows_open).
 *
 * Floor: rows in out / VEC_LANES FMAs; of few rows, reading w once from where it lies (packed in open). */
#include <stdbool.h>

#include "common/kernels/gemm.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    LINEAR_ROWS = GEMM_MR * (GEMM_MR > 6 ? 8 : 20), /* rows of an item at most: their part of y stays in L2 */
    LINEAR_PANELS = 320 / GEMM_NR                   /* panels of an item at most: with GEMM_KC, half of a 1 MiB L2 */
};

typedef struct linear_packed {
    const cake_host *host;
    cake_linear op;
    const float *bias;
    float *w; /* packed */
    float *scratch;
    int64_t row_blocks, panel_blocks;
    bool by_rows; /* how items are numbered: a block of rows after the other, or of panels */
} linear_packed;

static void linear_packed_close(void *ctx)
{
    linear_packed *l = ctx;
    const cake_host *host = l->host;

    workspace_free(host, l->w);
    workspace_free(host, l->scratch);
    host->free(host, l);
}

/* Cut `blocks` finer, into `most` at most, so that there are as many items as wanted. */
static int64_t linear_packed_finer(int64_t blocks, int64_t others, int64_t wanted, int64_t most)
{
    if (blocks * others < wanted)
        blocks = (wanted + others - 1) / others;
    return blocks < most ? blocks : most;
}

/* Cut the rows and panels into blocks: small enough for the caches, and about four items a thread where the work
 * allows, first along the axis by which threads share. */
static void linear_packed_cut(linear_packed *l, int threads)
{
    int64_t panels = gemm_panels(l->op.out), tiles = (l->op.rows + GEMM_MR - 1) / GEMM_MR;
    int64_t wanted = threads > 1 ? 4 * (int64_t)threads : 1;

    l->row_blocks = (l->op.rows + LINEAR_ROWS - 1) / LINEAR_ROWS;
    l->panel_blocks = (panels + LINEAR_PANELS - 1) / LINEAR_PANELS;
    if (l->by_rows)
        l->row_blocks = linear_packed_finer(l->row_blocks, l->panel_blocks, wanted, tiles);
    l->panel_blocks = linear_packed_finer(l->panel_blocks, l->row_blocks, wanted, panels);
    l->row_blocks = linear_packed_finer(l->row_blocks, l->panel_blocks, wanted, tiles);
}

static int32_t linear_packed_make(bool by_rows, const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    const cake_linear *op = problem->params;
    linear_packed *l = host->alloc(host, sizeof *l, 64);

    if (!l)
        return CAKE_NO_MEMORY;
    l->host = host;
    l->op = *op;
    l->w = workspace_floats(host, gemm_b_floats(op->in, op->out));
    l->scratch = workspace_floats(host, (int64_t)problem->threads * GEMM_SCRATCH_FLOATS);
    if (!l->w || !l->scratch) {
        linear_packed_close(l);
        return CAKE_NO_MEMORY;
    }
    gemm_pack_b(l->w, constants[0]->data, op->in, op->out, constants[0]->stride[1], constants[0]->stride[0], 0,
                gemm_panels(op->out));
    l->bias = op->bias ? constants[1]->data : NULL;
    l->by_rows = by_rows;
    linear_packed_cut(l, problem->threads);
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
    (void)ctx;
    return 1;
}

static int64_t linear_packed_items(const void *ctx, int64_t phase)
{
    const linear_packed *l = ctx;

    (void)phase;
    return l->row_blocks * l->panel_blocks;
}

static void linear_packed_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                               int64_t phase, int64_t begin, int64_t end, int thread)
{
    const linear_packed *l = ctx;
    float *scratch = l->scratch + (int64_t)thread * GEMM_SCRATCH_FLOATS;
    int64_t panels = gemm_panels(l->op.out);
    gemm g = {.a = inputs[0]->data,
              .lda = inputs[0]->stride[0],
              .b = l->w,
              .k = l->op.in,
              .n = l->op.out,
              .c = outputs[0]->data,
              .ldc = outputs[0]->stride[0],
              .bias = l->bias};

    (void)phase;
    for (int64_t item = begin; item < end; item++) {
        int64_t p = l->by_rows ? item % l->panel_blocks : item / l->row_blocks;
        int64_t r = l->by_rows ? item / l->panel_blocks : item % l->row_blocks;

        gemm_compute(&g, r * l->op.rows / l->row_blocks, (r + 1) * l->op.rows / l->row_blocks,
                     p * panels / l->panel_blocks, (p + 1) * panels / l->panel_blocks, scratch);
    }
}
