/* layer_norm and rms_norm (norm_rows.inc.h). One phase; an item is a block of rows. */
#include "common/kernels/kernels.h"
#include "common/kernels/norm_rows.inc.h"

enum { ROW_NORM_BLOCK = 16384 /* floats of an item, about */ };

typedef struct norm_rows {
    const cake_host *host;
    row_norm norm;
    int64_t block; /* rows of an item */
} norm_rows;

static int32_t row_norm_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                             int rms, int64_t rows, int64_t hidden, double eps, int affine, void **ctx)
{
    norm_rows *k = host->alloc(host, sizeof *k, 64);
    row_norm *n = &k->norm;
    int64_t threads = problem->threads;

    if (!k)
        return CAKE_NO_MEMORY;
    k->host = host;
    *n = (row_norm){.rows = rows, .hidden = hidden, .eps = eps, .rms = rms};
    if (affine) {
        n->scale = constants[0]->data;
        n->shift = rms ? NULL : constants[1]->data;
    }
    k->block = 1 + ROW_NORM_BLOCK / hidden;
    if (threads > 1 && k->block > rows / (4 * threads))
        k->block = rows / (4 * threads);
    if (k->block < 1)
        k->block = 1;
    n->stream = hidden % VEC_LANES == 0 && host->l3_bytes > 0 && 2 * rows * hidden * 4 > host->l3_bytes;
    *ctx = k;
    return CAKE_DONE;
}

static int32_t layer_norm_open(const cake_problem *problem, const cake_tensor *const *constants,
                               const cake_host *host, void **ctx)
{
    const cake_layer_norm *p = problem->params;

    return row_norm_open(problem, constants, host, 0, p->rows, p->hidden, p->eps, p->affine, ctx);
}

static int32_t rms_norm_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                             void **ctx)
{
    const cake_rms_norm *p = problem->params;

    return row_norm_open(problem, constants, host, 1, p->rows, p->hidden, p->eps, p->affine, ctx);
}

static int64_t row_norm_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t row_norm_items(const void *ctx, int64_t phase)
{
    const norm_rows *k = ctx;

    (void)phase;
    return (k->norm.rows + k->block - 1) / k->block;
}

static void row_norm_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                          int64_t phase, int64_t begin, int64_t end, int thread)
{
    const norm_rows *k = ctx;
    int64_t rows = k->norm.rows;

    (void)phase;
    (void)thread;
    row_norm_run(&k->norm, inputs[0]->data, outputs[0]->data, begin * k->block,
                 end * k->block < rows ? end * k->block : rows);
}

static void row_norm_close(void *ctx)
{
    norm_rows *k = ctx;

    k->host->free(k->host, k);
}
