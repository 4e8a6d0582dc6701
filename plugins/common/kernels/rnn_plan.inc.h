/* What an rnn kernel keeps: weights packed, states, and how the work is cut. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_RNN_PLAN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_RNN_PLAN_INC_H

#include "common/kernels/gemm_in_place.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"

enum {
    RNN_GATES = 4,                /* at most */
    RNN_ROWS = 70,                /* of the batch, in an item at most: their tile stays in L1 */
    RNN_CHUNK_FLOATS = 1 << 19,   /* of a chunk's input product, which then stays in the caches, about */
    RNN_LEAST_ROWS = 6 * GEMM_MR, /* of it; more where it would still be half as large as the weights */
    RNN_MOST_ROWS = 512,
    RNN_INPUT_FLOATS = 7 << 14,    /* of x in an item of the input product: they stay in L2 */
    RNN_INPUT_LEAST = 2 * GEMM_MR, /* rows of it */
    RNN_INPUT_MOST = 32 * GEMM_MR,
    RNN_PANELS = 1024 / GEMM_NR /* panels of it, about */
};

typedef struct rnn {
    const cake_host *host;
    cake_rnn op;
    int64_t directions, gates, stages; /* stages: phases of a step */
    int64_t threads;                   /* granted */
    int64_t units;                     /* blocks of GEMM_NR hidden units */
    int64_t parts;                     /* of the batch, in a step */
    int64_t chunk;                     /* steps whose input products are done at once */
    int64_t input_rows;                /* of an item of an input product, at most */
    int64_t row_blocks, panel_blocks;  /* of an input product */
    float *w, *r;                      /* [directions][units][gates] panels of the whole depth */
    float *bias;                       /* [directions][units][gates][GEMM_NR]: what is added to the input products */
    float *reset_bias;                 /* [directions][units][GEMM_NR]: what GRU of one stage adds inside the reset */
    const float *peephole;             /* p of the op, or NULL */
    float *x;                          /* [directions][units][gates][chunk batch][GEMM_NR]: input products */
    float *c;                          /* [directions][batch][hidden], lstm */
    float *z;                          /* [directions][batch][hidden], GRU of two stages */
    float *h[2], *rh; /* [directions][batch][ld]: states before and after a step in turn; GRU's r h */
    int64_t ld;       /* so that rows fall into different sets of L1 */
    float *zeros;     /* [hidden] */
    float *scratch;   /* of each thread: rows of x, or a step's tile [RNN_ROWS][gates][GEMM_NR] */
    int64_t scratch_floats;
} rnn;

static void rnn_close(void *ctx)
{
    rnn *n = ctx;
    float *all[] = {n->w, n->r,    n->bias, n->reset_bias, n->x,     n->c,
                    n->z, n->h[0], n->h[1], n->rh,         n->zeros, n->scratch};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        workspace_free(n->host, all[i]);
    n->host->free(n->host, n);
}

/* Floats between rows of so many, which then fall into different sets of L1. */
static int64_t rnn_ld(int64_t columns)
{
    return (columns + GEMM_LINE - 1) / GEMM_LINE * GEMM_LINE + GEMM_LINE;
}

/* A direction's weights [gates hidden][depth] into panels of the whole depth, a unit block's gates as neighbours. */
static void rnn_pack(const rnn *n, float *packed, const float *weights, int64_t depth)
{
    int64_t hidden = n->op.hidden;

    for (int64_t p = 0; p < n->units * n->gates; p++, packed += depth * GEMM_NR) {
        int64_t unit = p / n->gates * GEMM_NR, gate = p % n->gates;
        for (int64_t j = 0; j < GEMM_NR && unit + j < hidden; j++) {
            const float *from = weights + (gate * hidden + unit + j) * depth;
            for (int64_t i = 0; i < depth; i++)
                packed[i * GEMM_NR + j] = from[i];
        }
    }
}

/* In how many blocks the panels of an input product go, with `items` items for each: some items for each thread, as many
 * for one as for another if less than twice the blocks make it so. */
static int64_t rnn_panel_blocks(int64_t panels, int64_t items, int64_t threads)
{
    int64_t least = (panels + RNN_PANELS - 1) / RNN_PANELS;

    if (threads > 1 && items * least < 4 * threads)
        least = (4 * threads + items - 1) / items;
    least = least < panels ? least : panels;
    for (int64_t blocks = least; blocks < 2 * least && blocks <= panels; blocks++)
        if (items * blocks % threads == 0)
            return blocks;
    return least;
}

/* How the input product is cut. */
static void rnn_cut_input(rnn *n)
{
    const cake_rnn *p = &n->op;
    int64_t rows = RNN_CHUNK_FLOATS / (n->gates * p->hidden), panels = n->units * n->gates;

    rows = rows < RNN_LEAST_ROWS ? RNN_LEAST_ROWS : rows > RNN_MOST_ROWS ? RNN_MOST_ROWS : rows;
    rows = rows < (p->input + p->hidden) / 2 ? (p->input + p->hidden) / 2 : rows;
    n->chunk = (rows + p->batch - 1) / p->batch;
    n->chunk = n->chunk < p->steps ? n->chunk : p->steps;
    rows = RNN_INPUT_FLOATS / p->input / GEMM_MR * GEMM_MR;
    n->input_rows = rows < RNN_INPUT_LEAST ? RNN_INPUT_LEAST : rows > RNN_INPUT_MOST ? RNN_INPUT_MOST : rows;
    n->row_blocks = (n->chunk * p->batch + n->input_rows - 1) / n->input_rows;
    n->panel_blocks = rnn_panel_blocks(panels, n->directions * n->row_blocks, n->threads);
}

/* How a step is cut. */
static void rnn_cut_step(rnn *n)
{
    int64_t batch = n->op.batch, blocks = n->directions * n->units, wanted = n->threads > 1 ? 2 * n->threads : 1;

    n->parts = (batch + RNN_ROWS - 1) / RNN_ROWS;
    if (blocks * n->parts < wanted)
        n->parts = (wanted + blocks - 1) / blocks;
    if (n->parts > (batch + GEMM_MR - 1) / GEMM_MR && n->parts * RNN_ROWS > batch)
        n->parts = (batch + GEMM_MR - 1) / GEMM_MR;
}

/* The biases b [directions][2][gates hidden] where they are added: both to the input product, but that of the reset's
 * inside. */
static void rnn_biases(rnn *n, const float *b)
{
    int64_t hidden = n->op.hidden, size = n->gates * hidden;

    for (int64_t d = 0; d < n->directions; d++, b += 2 * size)
        for (int64_t i = 0; i < size; i++) {
            int64_t gate = i / hidden, block = d * n->units + i % hidden / GEMM_NR, column = i % hidden % GEMM_NR;
            bool inside = n->op.cell == CAKE_RNN_GRU && n->stages == 1 && gate == 2;
            n->bias[(block * n->gates + gate) * GEMM_NR + column] = b[i] + (inside ? 0 : b[size + i]);
            if (inside)
                n->reset_bias[block * GEMM_NR + column] = b[size + i];
        }
}

static int32_t rnn_open(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                        void **ctx)
{
    const cake_rnn *p = problem->params;
    rnn *n = host->alloc(host, sizeof *n, 64);
    int64_t state, panels;

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
    rnn_cut_input(n);
    rnn_cut_step(n);
    state = n->directions * p->batch;
    panels = n->directions * n->units * n->gates;
    n->scratch_floats = n->input_rows * rnn_ld(p->input);
    if (n->scratch_floats < RNN_ROWS * RNN_GATES * GEMM_NR)
        n->scratch_floats = RNN_ROWS * RNN_GATES * GEMM_NR;
    n->w = workspace_floats(host, panels * p->input * GEMM_NR);
    n->r = workspace_floats(host, panels * p->hidden * GEMM_NR);
    n->bias = workspace_floats(host, panels * GEMM_NR);
    n->reset_bias = workspace_floats(host, panels * GEMM_NR);
    n->x = workspace_floats(host, panels * n->chunk * p->batch * GEMM_NR);
    n->c = workspace_floats(host, p->cell == CAKE_RNN_LSTM ? state * p->hidden : 0);
    n->z = workspace_floats(host, n->stages == 2 ? state * p->hidden : 0);
    n->ld = rnn_ld(p->hidden);
    n->h[0] = workspace_floats(host, state * n->ld);
    n->h[1] = workspace_floats(host, state * n->ld);
    n->rh = workspace_floats(host, n->stages == 2 ? state * n->ld : 0);
    n->zeros = workspace_floats(host, p->hidden);
    n->scratch = workspace_floats(host, problem->threads * n->scratch_floats);
    if (!n->w || !n->r || !n->bias || !n->reset_bias || !n->x || !n->c || !n->z || !n->h[0] || !n->h[1] || !n->rh ||
        !n->zeros || !n->scratch) {
        rnn_close(n);
        return CAKE_NO_MEMORY;
    }
    if (p->bias)
        rnn_biases(n, constants[2]->data);
    if (p->peepholes)
        n->peephole = constants[2 + p->bias]->data;
    for (int64_t d = 0; d < n->directions; d++) {
        int64_t rows = n->gates * p->hidden, first = d * n->units * n->gates * GEMM_NR;
        rnn_pack(n, n->w + first * p->input, (const float *)constants[0]->data + d * rows * p->input, p->input);
        rnn_pack(n, n->r + first * p->hidden, (const float *)constants[1]->data + d * rows * p->hidden, p->hidden);
    }
    *ctx = n;
    return CAKE_DONE;
}

#endif
