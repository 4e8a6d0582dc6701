/* rnn: the input products of many steps as one product, then step after step the recurrent product and the gates.
 *
 * Phases: for each chunk of steps first x wT + biases into a buffer that stays in the last-level cache (items: blocks
 * of rows by blocks of panels), then for each step one phase, in which an item is GEMM_NR hidden units of a
 * direction, for some rows of the batch: all gates of these units are products with panels that lie side by side,
 * each of the whole depth, end in a tile in L1 and go through their activations from there. GRU with the reset gate before the product
 * needs two phases a step: z, r and r h of all units, then n. Both directions run in the same phases.
 * New states are written twice, into y and in the order of the batch for the next step's product. Rows of x, y and the
 * states are found through pointers, so that batch-first tensors and rows of different lengths are the same code.
 *
 * Floor: 2 D steps batch G hidden (input + hidden) operations; a batch of 1 reads r once a step from the cache or
 * memory that holds it. */
#include "common/kernels/gemm_in_place.inc.h"
#include "common/kernels/rnn_plan.inc.h"
#include "common/vec/vec_math.h"
#include "common/vec/vec_tail.h"

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
    float *next;            /* the new h again, for the next step's product */
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

VEC_INLINE void rnn_put_h(const rnn_row *s, int64_t at, vec h, int64_t left)
{
    vec_store_left(s->next + at, h, left);
    rnn_put(s->y, s->h_last, at, h, left);
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
    rnn_put_h(s, at, vec_div(vec_mul(o, g), vec_mul(d_o, dg)), left);
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
    rnn_put_h(s, at, vec_div(h, vec_mul(dz, dn)), left);
}

/* The gates of one row and the vector of units from `at` on. tile: their products, gate 0. */
static void rnn_gates(const rnn *n, const rnn_row *s, int stage, const float *tile, int64_t at, int64_t left)
{
    int gates = n->stages == 1 ? (int)n->gates : stage == 0 ? 2 : 1;
    vec in[RNN_GATES] = {vec_zero(), vec_zero(), vec_zero(), vec_zero()};

    for (int g = 0; g < gates; g++)
        in[g] = vec_load(tile + g * GEMM_NR);
    if (n->op.cell == CAKE_RNN_LSTM)
        rnn_lstm(n, s, in, at, left);
    else if (n->op.cell == CAKE_RNN_GRU)
        rnn_gru(n, s, stage, in, at, left);
    else if (n->op.cell == CAKE_RNN_TANH)
        rnn_put_h(s, at, vec_tanh(rnn_clip(n, in[0])), left);
    else
        rnn_put_h(s, at, vec_max(vec_zero(), rnn_clip(n, in[0])), left);
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
    s->next = n->h[(at + 1) % 2] + (d * p->batch + b) * n->ld;
    s->z = n->stages == 2 ? n->z + inner : NULL;
    s->rh = n->stages == 2 ? n->rh + (d * p->batch + b) * n->ld : NULL;
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

/* The states that a direction begins with, for the first step's product. */
static void rnn_begin(const rnn *n, const rnn_call *call, int64_t d)
{
    for (int64_t b = 0; b < n->op.batch; b++) {
        const float *from = call->h0 ? call->h0 + rnn_state_at(n, d, b) : n->zeros;
        float *to = n->h[0] + (d * n->op.batch + b) * n->ld;
        for (int64_t i = 0; i < n->op.hidden; i += VEC_LANES)
            vec_store_left(to + i, vec_load_left(from + i, n->op.hidden - i), n->op.hidden - i);
    }
}

/* The products of some rows of states with one gate's panel, + their input products x (NULL: none), into a tile. (To
 * fetch the panel ahead measured no better.) */
static void rnn_panel(const rnn *n, const float *a, int64_t rows, const float *panel, const float *x, int64_t columns,
                      float *tile, int64_t ldc)
{
    int64_t hidden = n->op.hidden, row = 0, tiles = (rows + GEMM_MR - 1) / GEMM_MR;

    for (int64_t t = 0; t < tiles; t++) {
        int height = (int)((rows - row + tiles - t - 1) / (tiles - t));
        gemm_tile_end end = {.c = tile + row * ldc, .ldc = ldc, .step = VEC_LANES, .columns = columns};
        end.add = x ? x + row * n->gates * hidden : gemm_zeros;
        end.ldadd = x ? n->gates * hidden : 0;
        end.addstep = VEC_LANES;
        gemm_f32_whole(height, hidden, a + row * n->ld, n->ld, panel, &end);
        row += height;
    }
}

/* An item of step `at` (counted in the order of computing) and stage: product and gates. */
static void rnn_step_item(const rnn *n, const rnn_call *call, int64_t at, int stage, int64_t item, float *scratch)
{
    const cake_rnn *p = &n->op;
    int64_t part = item % n->parts, block = item / n->parts % n->units, d = item / (n->parts * n->units);
    int64_t row0 = part * p->batch / n->parts, row1 = (part + 1) * p->batch / n->parts;
    int64_t gates = n->stages == 1 ? n->gates : stage == 0 ? 2 : 1, gate0 = stage == 1 ? 2 : 0;
    int64_t unit = block * GEMM_NR, left = p->hidden - unit, ldc = gates * GEMM_NR;
    const float *x = n->x + ((d * n->chunk + at % n->chunk) * p->batch + row0) * n->gates * p->hidden + unit;
    const float *r = n->r + d * n->r_floats + (block * n->gates + gate0) * p->hidden * GEMM_NR;
    const float *a = (stage == 1 ? n->rh : n->h[at % 2]) + (d * p->batch + row0) * n->ld;
    float *tile = scratch + GEMM_SCRATCH_FLOATS;

    for (int64_t b = 0; b < row1 - row0; b++)
        for (int64_t i = 0; i < ldc; i += RNN_LINE) /* on its way while the product runs */
            __builtin_prefetch(x + (b * n->gates + gate0 + i / GEMM_NR) * p->hidden + i % GEMM_NR, 0, 2);
    for (int64_t g = 0; g < gates; g++) {
        int inside = p->cell == CAKE_RNN_GRU && n->stages == 1 && g == 2; /* the reset comes between */
        rnn_panel(n, a, row1 - row0, r + g * p->hidden * GEMM_NR, inside ? NULL : x + (gate0 + g) * p->hidden, left,
                  tile + g * GEMM_NR, ldc);
    }
    for (int64_t b = row0; b < row1; b++, tile += ldc) {
        rnn_row s;
        int runs = rnn_find_row(n, call, d, b, at, &s);
        for (int64_t v = 0; v < GEMM_NR && v < left; v += VEC_LANES) {
            if (runs)
                rnn_gates(n, &s, stage, tile + v, unit + v, left - v);
            else
                rnn_skip_row(&s, unit + v, left - v);
        }
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

    if (states)
        call.h0 = inputs[1]->data;
    if (states > 1)
        call.c0 = inputs[2]->data;
    if (n->op.sequence_lens)
        call.lens = inputs[1 + states]->data;
    if (lstm)
        call.c_last = outputs[2]->data;
    for (int64_t item = begin; item < end; item++) {
        int64_t at = chunk * n->chunk + within / n->stages;
        if (phase == 0 && item >= n->directions * n->row_blocks * n->panel_blocks)
            rnn_begin(n, &call, item - n->directions * n->row_blocks * n->panel_blocks);
        else if (within < 0)
            rnn_input_item(n, &call, chunk, item, scratch);
        else
            rnn_step_item(n, &call, at, (int)(within % n->stages), rnn_turn(n, at, item), scratch);
    }
}
