/* rnn: the input products of many steps as one product, then step after step the recurrent product and the gates.
 *
 * Phases: for each chunk of steps first x wT + biases (items: blocks of rows, copied into L2, by blocks of panels), then
 * for each step one phase, in which an item is GEMM_NR hidden units of a direction, for some rows of the batch: all
 * gates of these units are products with panels that lie side by side, each of the whole depth, end in a tile in L1 and
 * go through their activations from there. GRU with the reset gate before the product needs two phases a step: z, r and
 * r h of all units, then n. Both directions run in the same phases.
 * New states are written twice, into y and in the order of the batch for the next step's product. Rows of x, y and the
 * states are found through pointers, so that batch-first tensors and rows of different lengths are the same code.
 *
 * Few rows share a panel, so the weights come from the last-level cache or from memory nearly as fast as that can: 8
 * bytes a cycle at a batch of 16. While the tiles of rows go over a panel (the first would wait for it, the others find
 * it in L2), the next panel is fetched line by line; input products lie panel by panel too, so that they are read as
 * they come.
 *
 * Floor: 2 D steps batch G hidden (input + hidden) operations; a batch of 1 reads r once a step from the cache or
 * memory that holds it. */
#include "common/kernels/rnn_gates.inc.h"
#include "common/kernels/rnn_plan.inc.h"

/* A chunk's phases: its input product, then those of its steps. The first also sets up the states. */
static int64_t rnn_phases(const void *ctx)
{
    const rnn *n = ctx;

    return (n->op.steps + n->chunk - 1) / n->chunk + n->op.steps * n->stages;
}

static int64_t rnn_items(const void *ctx, int64_t phase)
{
    const rnn *n = ctx;

    if (phase == 0)
        return n->directions * (n->row_blocks * n->panel_blocks + 1);
    return n->directions *
           (phase % (1 + n->chunk * n->stages) == 0 ? n->row_blocks * n->panel_blocks : n->units * n->parts);
}

/* The tensors of a call. */
typedef struct rnn_call {
    const float *x, *h0, *c0;
    const int32_t *lens;
    float *y, *h_last, *c_last;
} rnn_call;

static int64_t rnn_length(const rnn *n, const rnn_call *call, int64_t b)
{
    int64_t length = call->lens ? call->lens[b] : n->op.steps;

    return length < 0 ? 0 : length < n->op.steps ? length : n->op.steps;
}

/* At which step of the sequence row b is when direction d computes its step `at`. The reverse direction begins at the
 * row's last step; a row that has ended stands where there is a zero to write. */
static int64_t rnn_time(const rnn *n, const rnn_call *call, int64_t d, int64_t b, int64_t at)
{
    int64_t length = rnn_length(n, call, b);

    return (n->op.direction == CAKE_RNN_REVERSE || d == 1) && at < length ? length - 1 - at : at;
}

/* Where rows begin: of x and y at a time, and of the states at both ends. */
static int64_t rnn_x_at(const rnn *n, int64_t b, int64_t time)
{
    return (n->op.batchwise ? b * n->op.steps + time : time * n->op.batch + b) * n->op.input;
}

static int64_t rnn_y_at(const rnn *n, int64_t d, int64_t b, int64_t time)
{
    int64_t row =
        n->op.batchwise ? (b * n->op.steps + time) * n->directions + d : (time * n->directions + d) * n->op.batch + b;

    return row * n->op.hidden;
}

static int64_t rnn_state_at(const rnn *n, int64_t d, int64_t b)
{
    return (n->op.batchwise ? b * n->directions + d : d * n->op.batch + b) * n->op.hidden;
}

/* A panel's input products from a row of the chunk on, GEMM_NR each. Panels are counted through the directions. */
static float *rnn_products(const rnn *n, int64_t panel, int64_t row)
{
    return n->x + (panel * n->chunk * n->op.batch + row) * GEMM_NR;
}

/* Columns from a unit on that are worth computing: whole vectors. */
static int64_t rnn_columns(const rnn *n, int64_t unit)
{
    return (n->op.hidden - unit + VEC_LANES - 1) / VEC_LANES * VEC_LANES;
}

/* The chunk's input products, for one block of rows (step by step, each the whole batch) and of panels of a
 * direction. */
static void rnn_input_item(const rnn *n, const rnn_call *call, int64_t chunk, int64_t item, float *scratch)
{
    const cake_rnn *p = &n->op;
    int64_t row_block = item % n->row_blocks, panel_block = item / n->row_blocks % n->panel_blocks;
    int64_t d = item / (n->row_blocks * n->panel_blocks), panels = n->units * n->gates, lda = rnn_ld(p->input);
    int64_t first = chunk * n->chunk, steps = p->steps - first < n->chunk ? p->steps - first : n->chunk;
    int64_t row0 = row_block * steps * p->batch / n->row_blocks;
    int64_t rows = (row_block + 1) * steps * p->batch / n->row_blocks - row0;
    int64_t begin = d * panels + panel_block * panels / n->panel_blocks;
    int64_t end = d * panels + (panel_block + 1) * panels / n->panel_blocks;
    const float *w = n->w + begin * p->input * GEMM_NR, *next;

    for (int64_t i = 0; i < rows; i++) {
        int64_t b = (row0 + i) % p->batch, time = rnn_time(n, call, d, b, first + (row0 + i) / p->batch);
        gemm_copy_row(scratch + i * lda, call->x + rnn_x_at(n, b, time), p->input);
    }
    for (int64_t panel = begin; panel < end; panel++, w = next) {
        gemm_tile_end to = {.c = rnn_products(n, panel, row0), .ldc = GEMM_NR, .step = VEC_LANES};
        to.add = n->bias + panel * GEMM_NR;
        to.addstep = VEC_LANES;
        to.columns = rnn_columns(n, panel % panels / n->gates * GEMM_NR);
        next = panel + 1 < end ? w + p->input * GEMM_NR : w;
        gemm_panel(rows, p->input, scratch, lda, w, next, to);
    }
}

/* Row b of direction d at step `at`. */
static rnn_row rnn_find_row(const rnn *n, const rnn_call *call, int64_t d, int64_t b, int64_t at)
{
    const cake_rnn *p = &n->op;
    int64_t length = rnn_length(n, call, b), row = d * p->batch + b, state = rnn_state_at(n, d, b);
    rnn_row s = {.runs = at < length};

    s.h = n->h[at % 2] + row * n->ld;
    s.next = n->h[(at + 1) % 2] + row * n->ld;
    s.c = n->c + row * p->hidden;
    s.y = call->y + rnn_y_at(n, d, b, rnn_time(n, call, d, b, at));
    s.z = n->stages == 2 ? n->z + row * p->hidden : NULL;
    s.rh = n->stages == 2 ? n->rh + row * n->ld : NULL;
    s.peephole = n->peephole ? n->peephole + d * 3 * p->hidden : NULL;
    if (at == length - 1 || (at == 0 && length == 0)) {
        s.h_last = call->h_last + state;
        s.c_last = call->c_last ? call->c_last + state : NULL;
    }
    return s;
}

/* The states that a direction begins with. */
static void rnn_begin(const rnn *n, const rnn_call *call, int64_t d)
{
    for (int64_t b = 0; b < n->op.batch; b++) {
        int64_t row = d * n->op.batch + b, state = rnn_state_at(n, d, b);
        gemm_copy_row(n->h[0] + row * n->ld, call->h0 ? call->h0 + state : n->zeros, n->op.hidden);
        if (n->op.cell == CAKE_RNN_LSTM)
            gemm_copy_row(n->c + row * n->op.hidden, call->c0 ? call->c0 + state : n->zeros, n->op.hidden);
    }
}

/* The item that follows this one in step `at`; the last one itself. */
static int64_t rnn_following(const rnn *n, int64_t at, int64_t item)
{
    int64_t following = at % 2 == 0 ? item + 1 : item - 1;

    return following >= 0 && following < n->directions * n->units * n->parts ? following : item;
}

/* A stage of a step (counted in the order of computing), as one thread does its items. */
typedef struct rnn_step {
    int64_t at;
    int stage;
    int64_t d, part, rows; /* whose rows `row` holds; d < 0: none yet */
    rnn_row row[RNN_ROWS];
} rnn_step;

static void rnn_find_rows(const rnn *n, const rnn_call *call, rnn_step *s, int64_t d, int64_t part)
{
    int64_t row0 = part * n->op.batch / n->parts;

    if (s->d == d && s->part == part)
        return;
    s->d = d;
    s->part = part;
    s->rows = (part + 1) * n->op.batch / n->parts - row0;
    for (int64_t i = 0; i < s->rows; i++)
        s->row[i] = rnn_find_row(n, call, d, row0 + i, s->at);
}

/* The products of a block of units, into a tile [rows][gates][GEMM_NR]. While a panel is multiplied, the next one and
 * its input products are on their way. Returns the input products of the last gate. */
static const float *rnn_step_products(const rnn *n, const rnn_step *s, int64_t block, int64_t next_block, float *tile)
{
    const cake_rnn *p = &n->op;
    int64_t gates = n->stages == 1 ? n->gates : s->stage == 0 ? 2 : 1, gate0 = s->stage == 1 ? 2 : 0;
    int64_t panel = block * n->gates + gate0, row0 = s->part * p->batch / n->parts, depth = p->hidden;
    const float *a = (s->stage == 1 ? n->rh : n->h[s->at % 2]) + (s->d * p->batch + row0) * n->ld, *x = NULL;

    for (int64_t g = 0; g < gates; g++, panel++) {
        int64_t next = g + 1 < gates ? panel + 1 : next_block * n->gates + gate0;
        int64_t x_row = s->at % n->chunk * p->batch + row0;
        const float *next_x = rnn_products(n, next, x_row);
        gemm_tile_end end = {.c = tile + g * GEMM_NR, .ldc = gates * GEMM_NR, .step = VEC_LANES};
        x = rnn_products(n, panel, x_row);
        end.add = x;
        end.ldadd = GEMM_NR;
        if (p->cell == CAKE_RNN_GRU && n->stages == 1 && g == 2) /* the reset comes between */
            end.add = n->reset_bias + block * GEMM_NR, end.ldadd = 0;
        end.addstep = VEC_LANES;
        end.columns = rnn_columns(n, block % n->units * GEMM_NR);
        for (int64_t i = 0; i < s->rows * GEMM_NR; i += GEMM_LINE)
            __builtin_prefetch(next_x + i);
        gemm_panel(s->rows, depth, a, n->ld, n->r + panel * depth * GEMM_NR, n->r + next * depth * GEMM_NR, end);
    }
    return x;
}

/* An item of a step: some rows of a direction and a block of units. */
static void rnn_step_item(const rnn *n, const rnn_call *call, rnn_step *s, int64_t item, float *tile)
{
    int64_t block = item / n->parts, unit = block % n->units * GEMM_NR;
    int64_t gates = n->stages == 1 ? n->gates : s->stage == 0 ? 2 : 1;
    const float *x;

    rnn_find_rows(n, call, s, block / n->units, item % n->parts);
    for (int64_t i = 0; i < s->rows; i++)
        for (int64_t v = 0; v < GEMM_NR; v += GEMM_LINE)
            __builtin_prefetch(s->row[i].y + unit + v, 1);
    x = rnn_step_products(n, s, block, rnn_following(n, s->at, item) / n->parts, tile);
    for (int64_t i = 0; i < s->rows; i++, tile += gates * GEMM_NR, x += GEMM_NR) {
        if (s->row[i].runs)
            rnn_gates(n, &s->row[i], s->stage, tile, x, unit);
        else
            rnn_skip(n, &s->row[i], unit);
    }
}

/* The order of a step's items: odd steps go through each thread's share backwards, so that a step begins with the
 * weights that the one before ended with, and finds them in L2. */
static int64_t rnn_turn(const rnn *n, int64_t at, int64_t item)
{
    int64_t items = n->directions * n->units * n->parts, share = 0;

    if (at % 2 == 0)
        return item;
    while (item >= items * (share + 1) / n->threads)
        share++;
    return items * share / n->threads + items * (share + 1) / n->threads - 1 - item;
}

static void rnn_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                     int64_t begin, int64_t end, int thread)
{
    const rnn *n = ctx;
    int64_t in_chunk = 1 + n->chunk * n->stages, chunk = phase / in_chunk, within = phase % in_chunk - 1;
    int lstm = n->op.cell == CAKE_RNN_LSTM, states = n->op.initial_state ? 1 + lstm : 0;
    float *scratch = n->scratch + thread * n->scratch_floats;
    rnn_call call = {.x = inputs[0]->data, .y = outputs[0]->data, .h_last = outputs[1]->data};
    rnn_step step;

    if (states)
        call.h0 = inputs[1]->data;
    if (states > 1)
        call.c0 = inputs[2]->data;
    if (n->op.sequence_lens)
        call.lens = inputs[1 + states]->data;
    if (lstm)
        call.c_last = outputs[2]->data;
    step.at = chunk * n->chunk + within / n->stages;
    step.stage = (int)(within % n->stages);
    step.d = -1;
    step.part = step.rows = 0;
    for (int64_t item = begin; item < end; item++) {
        if (phase == 0 && item >= n->directions * n->row_blocks * n->panel_blocks)
            rnn_begin(n, &call, item - n->directions * n->row_blocks * n->panel_blocks);
        else if (within < 0)
            rnn_input_item(n, &call, chunk, item, scratch);
        else
            rnn_step_item(n, &call, &step, rnn_turn(n, step.at, item), scratch);
    }
}
