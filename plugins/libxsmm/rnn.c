/* rnn: the products by batch-reduce GEMM, for the inputs of all steps at once, then at each step for the state. What lies
 * between them is the blas plugin's. One team of threads a call: each product is shared out by columns, the gates by
 * batch rows. */
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "blas/blas.h"
#include "common/rare.h"
#include "libxsmm/kernels.h"
#include "libxsmm/product.h"

/* One direction. */
typedef struct direction {
    xsmm_product input, state, candidate; /* candidate: of the GRU that resets before its product */
    float *bias, *state_bias;             /* as in rows.h */
    int backwards;
} direction;

typedef struct rnn {
    cake_rnn p;
    const blas_rows *cells;
    void (*cell)(const blas_cell_row *);
    int64_t gates;
    int resets_before, directions, threads;
    direction direction[2];
    float *zeros;                /* [batch][hidden]: the initial state if none is given */
    float *from_input;           /* [steps][batch][G hidden] */
    float *from_state, *reset_h; /* [batch][G hidden], [batch][hidden] */
} rnn;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_rnn *p = problem->params;

    (void)kernel;
    if (cake_rnn_has_other_functions(p) ||
        (CAKE_HAS(p, cake_rnn, clip) && (p->sequence_lens || p->peepholes || p->batchwise || p->clip > 0))) {
        host->explain(host, "no sequence_lens, peepholes, batchwise, clip, input_forget or other functions");
        return CAKE_UNSUPPORTED;
    }
    return xsmm_can_run(problem, host);
}

static float *floats(const cake_host *host, int64_t n)
{
    return host->alloc(host, (uint64_t)n * sizeof(float), 64);
}

/* The two biases added up, but for a GRU's candidate that needs them apart. */
static void add_biases(const rnn *n, direction *d, const float *b)
{
    int64_t hidden = n->p.hidden, size = n->gates * hidden;

    for (int64_t i = 0; i < size; i++) {
        int apart = n->p.cell == CAKE_RNN_GRU && !n->resets_before && i >= 2 * hidden;

        d->bias[i] = apart ? b[i] : b[i] + b[size + i];
        if (apart)
            d->state_bias[i - 2 * hidden] = b[size + i];
    }
}

static int32_t open_direction(rnn *n, int number, const cake_tensor *const *constants, const cake_host *host)
{
    const cake_rnn *p = &n->p;
    direction *d = &n->direction[number];
    int64_t size = n->gates * p->hidden, state_gates = n->resets_before ? 2 : n->gates;
    const float *w = (const float *)constants[0]->data + number * size * p->input;
    const float *r = (const float *)constants[1]->data + number * size * p->hidden;
    int32_t status;

    d->backwards = p->direction == CAKE_RNN_REVERSE || number == 1;
    d->bias = floats(host, size);
    d->state_bias = floats(host, p->hidden);
    if (!d->bias || !d->state_bias)
        return CAKE_NO_MEMORY;
    if (p->bias)
        add_biases(n, d, (const float *)constants[2]->data + number * 2 * size);
    d->input = (xsmm_product){.rows = p->steps * p->batch, .in = p->input, .out = size, .ldy = size};
    d->state = (xsmm_product){.rows = p->batch, .in = p->hidden, .out = state_gates * p->hidden, .ldy = size};
    status = xsmm_product_open(&d->input, w, host);
    if (status == CAKE_DONE)
        status = xsmm_product_open(&d->state, r, host);
    if (status == CAKE_DONE && n->resets_before) {
        d->candidate = (xsmm_product){.rows = p->batch, .in = p->hidden, .out = p->hidden, .ldy = size};
        status = xsmm_product_open(&d->candidate, r + 2 * p->hidden * p->hidden, host);
    }
    return status;
}

static int32_t open_rnn(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                        const cake_host *host, void **ctx)
{
    rnn *n = calloc(1, sizeof *n);
    int32_t status = CAKE_DONE;
    const cake_rnn *p;

    (void)kernel;
    if (!n)
        return CAKE_NO_MEMORY;
    p = memcpy(&n->p, problem->params, sizeof n->p);
    n->cells = blas_rows_for(host);
    n->cell = p->cell == CAKE_RNN_LSTM   ? n->cells->cell_lstm
              : p->cell == CAKE_RNN_GRU  ? n->cells->cell_gru
              : p->cell == CAKE_RNN_TANH ? n->cells->cell_tanh
                                         : n->cells->cell_relu;
    n->gates = p->cell == CAKE_RNN_LSTM ? 4 : p->cell == CAKE_RNN_GRU ? 3 : 1;
    n->resets_before = p->cell == CAKE_RNN_GRU && !p->linear_before_reset;
    n->directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1;
    n->threads = problem->threads;
    n->zeros = floats(host, p->batch * p->hidden);
    n->from_input = floats(host, p->steps * p->batch * n->gates * p->hidden);
    n->from_state = floats(host, p->batch * n->gates * p->hidden);
    n->reset_h = floats(host, p->batch * p->hidden);
    if (!n->zeros || !n->from_input || !n->from_state || !n->reset_h)
        status = CAKE_NO_MEMORY;
    for (int d = 0; status == CAKE_DONE && d < n->directions; d++)
        status = open_direction(n, d, constants, host);
    if (status == CAKE_DONE)
        *ctx = n;
    else
        free(n);
    return status;
}

/* What a step reads and writes: [batch][...]. */
typedef struct step_data {
    const float *from_input, *h;
    float *c, *out;
} step_data;

/* A function of rows.h for this thread's rows of the batch. */
static void my_rows(const rnn *n, const direction *d, void (*cell)(const blas_cell_row *), const step_data *s,
                    int thread, int threads)
{
    int64_t hidden = n->p.hidden, size = n->gates * hidden, batch = n->p.batch;

    for (int64_t b = batch * thread / threads; b < batch * (thread + 1) / threads; b++)
        cell(&(blas_cell_row){.hidden = hidden,
                              .from_input = s->from_input + b * size,
                              .from_state = n->from_state + b * size,
                              .bias = d->bias,
                              .state_bias = d->state_bias,
                              .h = s->h + b * hidden,
                              .c = s->c ? s->c + b * hidden : NULL,
                              .out = s->out + b * hidden});
}

static void step(const rnn *n, const direction *d, const step_data *s, int thread, int threads)
{
    xsmm_product_run(&d->state, s->h, n->from_state, thread, threads);
#pragma omp barrier
    if (n->resets_before) {
        step_data reset = *s;

        reset.out = n->reset_h;
        my_rows(n, d, n->cells->gru_reset, &reset, thread, threads);
#pragma omp barrier
        xsmm_product_run(&d->candidate, n->reset_h, n->from_state + 2 * n->p.hidden, thread, threads);
#pragma omp barrier
        my_rows(n, d, n->cells->gru_update, s, thread, threads);
    } else {
        my_rows(n, d, n->cell, s, thread, threads);
    }
#pragma omp barrier
}

/* All steps of a direction, by one thread of the team. */
static void run_direction(const rnn *n, int number, const cake_tensor *const *inputs,
                          const cake_tensor *const *outputs, int thread, int threads)
{
    const cake_rnn *p = &n->p;
    const direction *d = &n->direction[number];
    int64_t state = p->batch * p->hidden, size = n->gates * p->hidden;
    const float *c0 =
        p->cell == CAKE_RNN_LSTM && p->initial_state ? (const float *)inputs[2]->data + number * state : n->zeros;
    step_data s = {.h = p->initial_state ? (const float *)inputs[1]->data + number * state : n->zeros};

    if (p->cell == CAKE_RNN_LSTM)
        s.c = (float *)outputs[2]->data + number * state;
    if (s.c && thread == 0)
        memcpy(s.c, c0, (size_t)state * sizeof *s.c);
    xsmm_product_run(&d->input, inputs[0]->data, n->from_input, thread, threads);
#pragma omp barrier
    for (int64_t i = 0; i < p->steps; i++) {
        int64_t at = d->backwards ? p->steps - 1 - i : i;

        s.from_input = n->from_input + at * p->batch * size;
        s.out = (float *)outputs[0]->data + (at * n->directions + number) * state;
        step(n, d, &s, thread, threads);
        s.h = s.out;
    }
    if (thread == 0)
        memcpy((float *)outputs[1]->data + number * state, s.h, (size_t)state * sizeof *s.h);
#pragma omp barrier
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const rnn *n = ctx;

#pragma omp parallel num_threads(n->threads) if (n->threads > 1)
    for (int d = 0; d < n->directions; d++)
        run_direction(n, d, inputs, outputs, omp_get_thread_num(), omp_get_num_threads());
    return CAKE_DONE;
}

const cake_kernel xsmm_rnn = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "rnn",
    .name = "brgemm",
    .can_run = can_run,
    .open = open_rnn,
    .run = run,
    .close = free,
};
