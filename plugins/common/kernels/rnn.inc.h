/* rnn: the input products of many steps as one product, then step after step the recurrent product and the gates.
 *
 * Phases: for each chunk of steps first x wT + biases into a buffer that stays in the last-level cache (items: blocks
 * of rows by blocks of panels), then for each step one phase, in which an item is GEMM_NR hidden units of a
 * direction, for some rows of the batch: all gates of these units are products with panels that lie side by side,
 * end in a tile in L1 and go through their activations from there. GRU with the reset gate before the product
 * needs two phases a step: z, r and r h of all units, then n. Both directions run in the same phases.
 * The previous state is read from where it was written, in y. Rows of x, y and the states are found through pointers,
 * so that batch-first tensors and rows of different lengths are the same code.
 *
 * Floor: 2 D steps batch G hidden (input + hidden) operations; a batch of 1 reads r once a step from the cache or
 * memory that holds it. */
#include "common/kernels/gemm_rows.inc.h"
#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

enum {
    RNN_GATES = 4,                /* at most */
    RNN_ROWS = 70,                /* of the batch, in an item at most: their tile stays in L1 */
    RNN_LEAST_ROWS = 6 * GEMM_MR, /* of a chunk's input product */
    RNN_MOST_ROWS = 512,
    RNN_CHUNK_FLOATS = 1 << 19,   /* of a chunk's input product, about */
    RNN_INPUT_ROWS = 8 * GEMM_MR, /* of an item of the input product */
    RNN_PANELS = 320 / GEMM_NR    /* panels of it */
};

typedef struct rnn {
    const cake_host *host;
    cake_rnn op;
    int64_t directions, gates, stages; /* stages: phases of a step */
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
    float *z, *rh;                     /* [directions][batch][hidden], GRU of two stages */
    float *zeros;                      /* [hidden] */
    float *scratch;                    /* of each thread: gemm's, and a tile [RNN_ROWS][gates][GEMM_NR] */
    int64_t scratch_floats;
} rnn;

static void rnn_close(void *ctx)
{
    rnn *n = ctx;
    float *all[] = {n->w, n->r, n->bias, n->x, n->c, n->z, n->rh, n->zeros, n->scratch};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        workspace_free(n->host, all[i]);
    n->host->free(n->host, n);
}

/* r [gates hidden][hidden] into the layout of gemm_pack_b, with a unit block's gates as neighbouring panels. */
static void rnn_pack_recurrent(const rnn *n, float *packed, const float *r)
{
    int64_t hidden = n->op.hidden, kc = gemm_k_block(hidden), panels = n->units * n->gates;

    for (int64_t k0 = 0; k0 < hidden; k0 += kc) {
        int64_t depth = hidden - k0 < kc ? hidden - k0 : kc;
        for (int64_t p = 0; p < panels; p++) {
            float *to = packed + k0 * panels * GEMM_NR + p * depth * GEMM_NR;
            int64_t unit = p / n->gates * GEMM_NR, gate = p % n->gates;
            for (int64_t j = 0; j < GEMM_NR && unit + j < hidden; j++) {
                const float *from = r + (gate * hidden + unit + j) * hidden + k0;
                for (int64_t i = 0; i < depth; i++)
                    to[i * GEMM_NR + j] = from[i];
            }
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
    *n = (rnn){.host = host, .op = *p, .directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1, .stages = 1};
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
    n->rh = workspace_floats(host, n->stages == 2 ? state : 0);
    n->zeros = workspace_floats(host, p->hidden);
    n->scratch = workspace_floats(host, problem->threads * n->scratch_floats);
    n->bias = workspace_floats(host, n->directions * n->gates * p->hidden);
    if (!n->w || !n->r || !n->x || !n->c || !n->z || !n->rh || !n->zeros || !n->scratch || !n->bias) {
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
                    columns, 1, p->input, 0, gemm_panels(columns));
        rnn_pack_recurrent(n, n->r + d * n->r_floats, (const float *)constants[1]->data + d * columns * p->hidden);
    }
    *ctx = n;
    return CAKE_DONE;
}

/* A chunk's phases: its input product, then those of its steps. */
static int64_t rnn_phases(const void *ctx)
{
    const rnn *n = ctx;

    return (n->op.steps + n->chunk - 1) / n->chunk + n->op.steps * n->stages;
}

static int64_t rnn_items(const void *ctx, int64_t phase)
{
    const rnn *n = ctx;

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

/* The chunk's input products, for one block of rows (step by step, each the whole batch) and of panels of a
 * direction. */
static void rnn_input_item(const rnn *n, const rnn_call *call, int64_t chunk, int64_t item, float *scratch)
{
    const cake_rnn *p = &n->op;
    int64_t row_block = item % n->row_blocks, panel_block = item / n->row_blocks % n->panel_blocks;
    int64_t d = item / (n->row_blocks * n->panel_blocks), columns = n->gates * p->hidden;
    int64_t first = chunk * n->chunk, steps = p->steps - first < n->chunk ? p->steps - first : n->chunk;
    int64_t rows = steps * p->batch, panels = gemm_panels(columns), p0 = panel_block * panels / n->panel_blocks;
    int64_t row0 = row_block * rows / n->row_blocks, row1 = (row_block + 1) * rows / n->row_blocks;
    const float *from[RNN_INPUT_ROWS];
    gemm_rows g = {p->input, n->w + d * n->w_floats, panels, columns, panels, p->bias ? n->bias + d * columns : NULL};
    gemm_rows_to to = {.c = n->x + (d * n->chunk * p->batch + row0) * columns, .ldc = columns};

    for (int64_t row = row0; row < row1; row++) {
        int64_t b = row % p->batch;
        from[row - row0] = call->x + rnn_x_at(n, b, rnn_time(n, call, d, b, first + row / p->batch));
    }
    gemm_rows_compute(&g, from, row1 - row0, p0, (panel_block + 1) * panels / n->panel_blocks, &to, scratch);
}

/* One row of the batch in one step of a direction: where its states are, whole rows. */
typedef struct rnn_row {
    const float *x;         /* input products, gate 0 */
    const float *h, *c;     /* previous states */
    float *y, *c_out;       /* new states */
    float *z, *rh;          /* GRU of two stages */
    float *h_last, *c_last; /* NULL: not the row's last step */
    const float *n_bias;    /* GRU: what is added inside the reset, or NULL */
    const float *peephole;  /* LSTM: [3][hidden], or NULL */
} rnn_row;

VEC_INLINE void rnn_put(float *to, float *also, int64_t at, vec v, int64_t left)
{
    vec_store_left(to + at, v, left);
    if (also)
        vec_store_left(also + at, v, left);
}

VEC_INLINE vec rnn_clip(const rnn *n, vec x)
{
    vec limit = vec_set1((float)n->op.clip);

    return n->op.clip > 0 ? vec_max(vec_neg(limit), vec_min(limit, x)) : x;
}

/* c' = f c + i g over a common denominator: sigmoid and tanh are quotients, and a division costs as much as ten
 * other instructions. */
static void rnn_lstm(const rnn *n, const rnn_row *s, vec *in, int64_t at, int64_t left)
{
    vec c = vec_load_left(s->c + at, left), i, f, g, o, di, df, dg, d_o;

    if (s->peephole) {
        in[0] = vec_fma(vec_load_left(s->peephole + at, left), c, in[0]);
        in[2] = vec_fma(vec_load_left(s->peephole + 2 * n->op.hidden + at, left), c, in[2]);
    }
    i = vec_sigmoid_parts(rnn_clip(n, in[0]), &di);
    f = vec_sigmoid_parts(rnn_clip(n, in[2]), &df);
    g = vec_tanh_parts(rnn_clip(n, in[3]), &dg);
    di = vec_mul(di, dg);
    c = vec_div(vec_fma(vec_mul(f, c), di, vec_mul(vec_mul(i, g), df)), vec_mul(di, df));
    rnn_put(s->c_out, s->c_last, at, c, left);
    if (s->peephole)
        in[1] = vec_fma(vec_load_left(s->peephole + n->op.hidden + at, left), c, in[1]);
    o = vec_sigmoid_parts(rnn_clip(n, in[1]), &d_o);
    g = vec_tanh_parts(c, &dg);
    rnn_put(s->y, s->h_last, at, vec_div(vec_mul(o, g), vec_mul(d_o, dg)), left);
}

/* GRU. Stage 0 of two: z and r h. Else the new state; `in` holds n's argument in its last place, without what stands
 * inside the reset for a single stage. */
static void rnn_gru(const rnn *n, const rnn_row *s, int stage, vec *in, int64_t at, int64_t left)
{
    vec h = vec_load_left(s->h + at, left), z, dz, candidate, dn;

    if (n->stages == 2 && stage == 0) {
        vec_store_left(s->z + at, vec_sigmoid(rnn_clip(n, in[0])), left);
        vec_store_left(s->rh + at, vec_mul(vec_sigmoid(rnn_clip(n, in[1])), h), left);
        return;
    }
    if (n->stages == 2) {
        z = vec_load_left(s->z + at, left);
        dz = vec_set1(1.0F);
        candidate = in[0];
    } else {
        vec inner = s->n_bias ? vec_add(in[2], vec_load_left(s->n_bias + at, left)) : in[2];
        z = vec_sigmoid_parts(rnn_clip(n, in[0]), &dz);
        candidate =
            vec_fma(vec_sigmoid(rnn_clip(n, in[1])), inner, vec_load_left(s->x + 2 * n->op.hidden + at, left));
    }
    candidate = vec_tanh_parts(rnn_clip(n, candidate), &dn);
    /* (1 - z/dz) n/dn + z/dz h over dz dn */
    h = vec_fma(vec_mul(z, h), dn, vec_mul(vec_sub(dz, z), candidate));
    rnn_put(s->y, s->h_last, at, vec_div(h, vec_mul(dz, dn)), left);
}

/* The gates of one row and the vector of units from `at` on. tile: recurrent products of them, gate 0. */
static void rnn_gates(const rnn *n, const rnn_row *s, int stage, const float *tile, int64_t at, int64_t left)
{
    int first = stage == 1 ? 2 : 0, gates = n->stages == 1 ? (int)n->gates : stage == 0 ? 2 : 1;
    vec in[RNN_GATES] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};

    for (int g = 0; g < gates; g++) {
        in[g] = vec_load(tile + g * GEMM_NR);
        if (n->op.cell != CAKE_RNN_GRU || n->stages == 2 || g < 2)
            in[g] = vec_add(in[g], vec_load_left(s->x + (g + first) * n->op.hidden + at, left));
    }
    if (n->op.cell == CAKE_RNN_LSTM)
        rnn_lstm(n, s, in, at, left);
    else if (n->op.cell == CAKE_RNN_GRU)
        rnn_gru(n, s, stage, in, at, left);
    else if (n->op.cell == CAKE_RNN_TANH)
        rnn_put(s->y, s->h_last, at, vec_tanh(rnn_clip(n, in[0])), left);
    else
        rnn_put(s->y, s->h_last, at, vec_max(vec_zero(), rnn_clip(n, in[0])), left);
}

/* Set up row b of direction d at step `at`; false if the row has ended before. */
static int rnn_find_row(const rnn *n, const rnn_call *call, int64_t d, int64_t b, int64_t at, rnn_row *s)
{
    const cake_rnn *p = &n->op;
    int64_t length = rnn_length(n, call, b), inner = (d * p->batch + b) * p->hidden, state = rnn_state_at(n, d, b);
    int64_t row = (d * n->chunk + at % n->chunk) * p->batch + b;

    *s = (rnn_row){.x = n->x + row * n->gates * p->hidden, .c = n->zeros, .h = n->zeros};
    s->y = call->y + rnn_y_at(n, d, b, rnn_time(n, call, d, b, at));
    s->c_out = n->c + inner;
    if (at > 0 && at <= length)
        s->h = call->y + rnn_y_at(n, d, b, rnn_time(n, call, d, b, at - 1)), s->c = s->c_out;
    else if (at == 0 && call->h0)
        s->h = call->h0 + state, s->c = call->c0 ? call->c0 + state : n->zeros;
    s->z = n->stages == 2 ? n->z + inner : NULL;
    s->rh = n->stages == 2 ? n->rh + inner : NULL;
    s->n_bias = n->recurrent_bias ? n->recurrent_bias + (d * 6 + 5) * p->hidden : NULL;
    s->peephole = n->peephole ? n->peephole + d * 3 * p->hidden : NULL;
    if (at == length - 1 || (at == 0 && length == 0)) {
        s->h_last = call->h_last + state;
        s->c_last = call->c_last ? call->c_last + state : NULL;
    }
    return at < length;
}

/* A row that has no such step: y is 0; a row of no steps ends with the states that it began with. */
static void rnn_skip_row(const rnn_row *s, int64_t at, int64_t left)
{
    vec_store_left(s->y + at, vec_zero(), left);
    if (s->h_last)
        vec_store_left(s->h_last + at, vec_load_left(s->h + at, left), left);
    if (s->c_last)
        vec_store_left(s->c_last + at, vec_load_left(s->c + at, left), left);
}

/* An item of step `at` (counted in the order of computing) and stage: product and gates. */
static void rnn_step_item(const rnn *n, const rnn_call *call, int64_t at, int stage, int64_t item, float *scratch)
{
    const cake_rnn *p = &n->op;
    int64_t part = item % n->parts, block = item / n->parts % n->units, d = item / (n->parts * n->units);
    int64_t row0 = part * p->batch / n->parts, row1 = (part + 1) * p->batch / n->parts;
    int64_t gates = n->stages == 1 ? n->gates : stage == 0 ? 2 : 1, first = block * n->gates + (stage == 1 ? 2 : 0);
    int64_t unit = block * GEMM_NR, left = p->hidden - unit;
    float *tile = scratch + GEMM_SCRATCH_FLOATS;
    const float *from[RNN_ROWS] = {0};
    int64_t panels = n->units * n->gates;
    gemm_rows g = {p->hidden, n->r + d * n->r_floats, panels, panels * GEMM_NR, panels, NULL};
    gemm_rows_to to = {.c = tile, .ldc = gates * GEMM_NR, .first = first};
    rnn_row s;

    for (int64_t b = row0; b < row1; b++) {
        rnn_find_row(n, call, d, b, at, &s);
        from[b - row0] = stage == 1 ? s.rh : s.h;
        for (int64_t i = 0; i < gates * GEMM_NR; i += 16) /* a cache line: on its way while the product runs */
            __builtin_prefetch(s.x + (i / GEMM_NR + first % n->gates) * p->hidden + unit + i % GEMM_NR, 0, 2);
    }
    gemm_rows_compute(&g, from, row1 - row0, first, first + gates, &to, scratch);
    for (int64_t b = row0; b < row1; b++, tile += gates * GEMM_NR) {
        int runs = rnn_find_row(n, call, d, b, at, &s);
        for (int64_t v = 0; v < GEMM_NR && v < left; v += VEC_LANES) {
            if (runs)
                rnn_gates(n, &s, stage, tile + v, unit + v, left - v);
            else
                rnn_skip_row(&s, unit + v, left - v);
        }
    }
}

static void rnn_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                     int64_t begin, int64_t end, int thread)
{
    const rnn *n = ctx;
    int64_t in_chunk = 1 + n->chunk * n->stages, chunk = phase / in_chunk, within = phase % in_chunk - 1;
    int lstm = n->op.cell == CAKE_RNN_LSTM, states = n->op.initial_state ? 1 + lstm : 0;
    float *scratch = n->scratch + thread * n->scratch_floats;
    rnn_call call = {.x = inputs[0]->data, .y = outputs[0]->data, .h_last = outputs[1]->data};

    if (states)
        call.h0 = inputs[1]->data;
    if (states > 1)
        call.c0 = inputs[2]->data;
    if (n->op.sequence_lens)
        call.lens = inputs[1 + states]->data;
    if (lstm)
        call.c_last = outputs[2]->data;
    for (int64_t item = begin; item < end; item++) {
        if (within < 0)
            rnn_input_item(n, &call, chunk, item, scratch);
        else
            rnn_step_item(n, &call, chunk * n->chunk + within / n->stages, (int)(within % n->stages), item, scratch);
    }
}
