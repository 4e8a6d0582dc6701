/* What an rnn kernel keeps: weights packed, states, and how the work is cut. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_RNN_PLAN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_RNN_PLAN_INC_H

#include "common/kernels/gemm_rows.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    RNN_GATES = 4,                /* at most */
    RNN_ROWS = 70,                /* of the batch, in an item at most: their tile stays in L1 */
    RNN_LEAST_ROWS = 6 * GEMM_MR, /* of a chunk's input product */
    RNN_MOST_ROWS = 512,
    RNN_CHUNK_FLOATS = 1 << 19,   /* of a chunk's input product, about */
    RNN_INPUT_ROWS = 8 * GEMM_MR, /* of an item of the input product */
    RNN_PANELS = 320 / GEMM_NR,   /* panels of it */
    RNN_LINE = 16                 /* floats of a cache line */
};

typedef struct rnn {
    const cake_host *host;
    cake_rnn op;
    int64_t directions, gates, stages; /* stages: phases of a step */
    int64_t threads;                   /* granted */
    int64_t units;                     /* blocks of GEMM_NR hidden units */
    int64_t parts;                     /* of the batch, in a step */
    int64_t chunk;                     /* steps whose input products are done at once */
    int64_t row_blocks, panel_blocks;  /* of an input product */
    float *w, *r;                      /* packed, a direction after the other; r: panel = unit block, gate */
    int64_t w_floats, r_floats;        /* of a direction */
    float *bias;                       /* [directions][gates hidden], for the input product; NULL: none */
    const float *recurrent_bias;       /* b of the op, if GRU adds that of n inside the reset; else NULL */
    const float *peephole;             /* p of the op, or NULL */
    float *x;                          /* [directions][chunk batch][gates hidden]: input products */
    float *c;                          /* [directions][batch][hidden], lstm */
    float *z;                          /* [directions][batch][hidden], GRU of two stages */
    float *h[2], *rh; /* [directions][batch][ld]: states before and after a step in turn; GRU's r h */
    int64_t ld;       /* so that rows fall into different sets of L1 */
    float *zeros;     /* [hidden] */
    float *scratch;   /* of each thread: gemm's, and a tile [RNN_ROWS][gates][GEMM_NR] */
    int64_t scratch_floats;
} rnn;

static void rnn_close(void *ctx)
{
    rnn *n = ctx;
    float *all[] = {n->w, n->r, n->bias, n->x, n->c, n->z, n->h[0], n->h[1], n->rh, n->zeros, n->scratch};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        workspace_free(n->host, all[i]);
    n->host->free(n->host, n);
}

/* r [gates hidden][hidden] into panels of the whole depth, a unit block's gates as neighbours. */
static void rnn_pack_recurrent(const rnn *n, float *packed, const float *r)
{
    int64_t hidden = n->op.hidden;

    for (int64_t p = 0; p < n->units * n->gates; p++, packed += hidden * GEMM_NR) {
        int64_t unit = p / n->gates * GEMM_NR, gate = p % n->gates;
        for (int64_t j = 0; j < GEMM_NR && unit + j < hidden; j++) {
            const float *from = r + (gate * hidden + unit + j) * hidden;
            for (int64_t i = 0; i < hidden; i++)
                packed[i * GEMM_NR + j] = from[i];
        }
    }
}

/* How the work is cut. */
static void rnn_cut(rnn *n, int64_t threads)
{
    const cake_rnn *p = &n->op;
    int64_t wanted = threads > 1 ? 2 * threads : 1, rows = RNN_CHUNK_FLOATS / (n->gates * p->hidden), panels;

    rows = rows < RNN_LEAST_ROWS ? RNN_LEAST_ROWS : rows > RNN_MOST_ROWS ? RNN_MOST_ROWS : rows;
    n->chunk = (rows + p->batch - 1) / p->batch;
    n->chunk = n->chunk < p->steps ? n->chunk : p->steps;
    rows = n->chunk * p->batch;
    panels = gemm_panels(n->gates * p->hidden);
    n->panel_blocks = (panels + RNN_PANELS - 1) / RNN_PANELS;
    if (n->directions * n->panel_blocks < 2 * wanted)
        n->panel_blocks = 2 * wanted < panels ? 2 * wanted : panels;
    n->row_blocks = (rows + RNN_INPUT_ROWS - 1) / RNN_INPUT_ROWS;
    n->parts = (p->batch + RNN_ROWS - 1) / RNN_ROWS;
    if (n->directions * n->units * n->parts < wanted)
        n->parts = (wanted + n->directions * n->units - 1) / (n->directions * n->units);
    if (n->parts > (p->batch + GEMM_MR - 1) / GEMM_MR && n->parts * RNN_ROWS > p->batch)
        n->parts = (p->batch + GEMM_MR - 1) / GEMM_MR;
}

/* The biases that may be added beforehand, summed. */
static void rnn_biases(rnn *n, const float *b)
{
    int64_t each = n->gates * n->op.hidden;

    for (int64_t d = 0; d < n->directions; d++)
        for (int64_t i = 0; i < each; i++) {
            int apart = n->recurrent_bias && i >= 2 * n->op.hidden;
            n->bias[d * each + i] = b[d * 2 * each + i] + (apart ? 0 : b[d * 2 * each + each + i]);
        }
}

static int32_t rnn_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                        void **ctx)
{
    const cake_rnn *p = problem->params;
    rnn *n = host->alloc(host, sizeof *n, 64);
    int64_t state;

    if (!n)
        return CAKE_NO_MEMORY;
    *n = (rnn){.host = host,
               .op = *p,
               .directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1,
               .stages = 1,
               .threads = problem->threads};
    n->gates = p->cell == CAKE_RNN_LSTM ? 4 : p->cell == CAKE_RNN_GRU ? 3 : 1;
    if (p->cell == CAKE_RNN_GRU && !p->linear_before_reset)
        n->stages = 2;
    n->units = (p->hidden + GEMM_NR - 1) / GEMM_NR;
    rnn_cut(n, problem->threads);
    n->w_floats = gemm_b_floats(p->input, n->gates * p->hidden);
    n->r_floats = p->hidden * n->units * n->gates * GEMM_NR;
    state = n->directions * p->batch * p->hidden;
    n->scratch_floats = GEMM_SCRATCH_FLOATS + RNN_ROWS * RNN_GATES * GEMM_NR;
    n->w = workspace_floats(host, n->directions * n->w_floats);
    n->r = workspace_floats(host, n->directions * n->r_floats);
    n->x = workspace_floats(host, n->directions * n->chunk * p->batch * n->gates * p->hidden);
    n->c = workspace_floats(host, p->cell == CAKE_RNN_LSTM ? state : 0);
    n->z = workspace_floats(host, n->stages == 2 ? state : 0);
    n->ld = (p->hidden + 15) / 16 * 16 + 16;
    n->h[0] = workspace_floats(host, n->directions * p->batch * n->ld);
    n->h[1] = workspace_floats(host, n->directions * p->batch * n->ld);
    n->rh = workspace_floats(host, n->stages == 2 ? n->directions * p->batch * n->ld : 0);
    n->zeros = workspace_floats(host, p->hidden);
    n->scratch = workspace_floats(host, problem->threads * n->scratch_floats);
    n->bias = workspace_floats(host, n->directions * n->gates * p->hidden);
    if (!n->w || !n->r || !n->x || !n->c || !n->z || !n->h[0] || !n->h[1] || !n->rh || !n->zeros || !n->scratch ||
        !n->bias) {
        rnn_close(n);
        return CAKE_NO_MEMORY;
    }
    if (p->bias) {
        n->recurrent_bias = p->cell == CAKE_RNN_GRU && p->linear_before_reset ? constants[2]->data : NULL;
        rnn_biases(n, constants[2]->data);
    }
    if (p->peepholes)
        n->peephole = constants[2 + p->bias]->data;
    for (int64_t d = 0; d < n->directions; d++) {
        int64_t columns = n->gates * p->hidden;
        gemm_pack_b(n->w + d * n->w_floats, (const float *)constants[0]->data + d * columns * p->input, p->input,
                    gemm_k_block(p->input), columns, 1, p->input, 0, gemm_panels(columns));
        rnn_pack_recurrent(n, n->r + d * n->r_floats, (const float *)constants[1]->data + d * columns * p->hidden);
    }
    *ctx = n;
    return CAKE_DONE;
}

#endif
