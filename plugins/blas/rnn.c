/* rnn: the input products of all steps as one product, then at each step the product with the state and the gates
 *
 * The state of a step is read where the step before it wrote its output, so nothing is copied. */
#include <stdlib.h>
#include <string.h>

#include "blas/blas.h"
#include "blas/library.h"
#include "common/rare.h"

typedef struct rnn {
    cake_rnn p;
    const blas_rows *rows;
    int64_t gates, directions;
    const float *w, *r;
    float *bias;       /* [D][G hidden]: wb + rb, but for a GRU's candidate that needs them apart */
    float *state_bias; /* [D][hidden]: rb of that candidate */
    float *zeros;      /* [batch][hidden]: the initial state if none is given */
    float *from_input; /* [steps][batch][G hidden] */
    float *from_state; /* [batch][G hidden] */
    float *reset_h;    /* [batch][hidden]: GRU */
} rnn;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_rnn *p = problem->params;
    int64_t rows_of_x = blas_extent(p->steps, p->batch), gates = blas_extent(4, p->hidden);

    (void)kernel;
    if (cake_rnn_has_other_functions(p) ||
        (CAKE_HAS(p, cake_rnn, clip) && (p->sequence_lens || p->peepholes || p->batchwise || p->clip > 0))) {
        host->explain(host, "no sequence_lens, peepholes, batchwise, clip, input_forget or other functions");
        return CAKE_UNSUPPORTED;
    }
    gates = gates > p->input ? gates : p->input;
    return blas_can_run(problem, host, rows_of_x > gates ? rows_of_x : gates);
}

static void add_biases(rnn *n, const float *b)
{
    const cake_rnn *p = &n->p;
    int64_t size = n->gates * p->hidden;

    for (int64_t d = 0; d < n->directions; d++, b += 2 * size)
        for (int64_t i = 0; i < size; i++) {
            n->bias[d * size + i] = b[i];
            if (p->cell == CAKE_RNN_GRU && p->linear_before_reset && i >= 2 * p->hidden)
                n->state_bias[d * p->hidden + i - 2 * p->hidden] = b[size + i];
            else
                n->bias[d * size + i] += b[size + i];
        }
}

static int32_t open_rnn(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                        const cake_host *host, void **ctx)
{
    rnn *n = calloc(1, sizeof *n);
    const cake_rnn *p;
    int64_t size;

    (void)kernel;
    if (!n)
        return CAKE_NO_MEMORY;
    p = memcpy(&n->p, problem->params, sizeof n->p);
    n->rows = blas_rows_for(host);
    n->gates = p->cell == CAKE_RNN_LSTM ? 4 : p->cell == CAKE_RNN_GRU ? 3 : 1;
    n->directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1;
    n->w = constants[0]->data;
    n->r = constants[1]->data;
    size = n->gates * p->hidden;
    n->bias = blas_floats(host, n->directions * size);
    n->state_bias = blas_floats(host, n->directions * p->hidden);
    n->zeros = blas_floats(host, p->batch * p->hidden);
    n->from_input = blas_floats(host, p->steps * p->batch * size);
    n->from_state = blas_floats(host, p->batch * size);
    n->reset_h = blas_floats(host, p->batch * p->hidden);
    if (!n->bias || !n->state_bias || !n->zeros || !n->from_input || !n->from_state || !n->reset_h) {
        free(n);
        return CAKE_NO_MEMORY;
    }
    if (p->bias)
        add_biases(n, constants[2]->data);
    library_set_threads(problem->threads);
    *ctx = n;
    return CAKE_DONE;
}

/* to [rows][n] = a [rows][k] bT, b [n][k]; `to` has rows of `ld`. */
static void times_weights(int64_t rows_of_a, int64_t n, int64_t k, const float *a, const float *b, float *to,
                          int64_t ld)
{
    library_product(&(blas_product){.m = rows_of_a,
                                    .n = n,
                                    .k = k,
                                    .alpha = 1,
                                    .a = a,
                                    .lda = k,
                                    .b = b,
                                    .ldb = k,
                                    .b_transposed = 1,
                                    .c = to,
                                    .ldc = ld});
}

/* A function of rows.h for every element of the batch; `out` has the state's shape. */
static void each_row(const rnn *n, void (*cell)(const blas_cell_row *), int64_t d, const float *from_input,
                     const float *h, float *c, float *out)
{
    int64_t hidden = n->p.hidden, size = n->gates * hidden;

    for (int64_t b = 0; b < n->p.batch; b++)
        cell(&(blas_cell_row){.hidden = hidden,
                              .from_input = from_input + b * size,
                              .from_state = n->from_state + b * size,
                              .bias = n->bias + d * size,
                              .state_bias = n->state_bias + d * hidden,
                              .h = h + b * hidden,
                              .c = c ? c + b * hidden : NULL,
                              .out = out + b * hidden});
}

/* One step of direction d: h and out are [batch][hidden]. */
static void step(const rnn *n, int64_t d, const float *from_input, const float *h, float *c, float *out)
{
    const cake_rnn *p = &n->p;
    int64_t size = n->gates * p->hidden;
    const float *r = n->r + d * size * p->hidden;

    if (p->cell == CAKE_RNN_GRU && !p->linear_before_reset) {
        const float *r_candidate = r + 2 * p->hidden * p->hidden;

        times_weights(p->batch, 2 * p->hidden, p->hidden, h, r, n->from_state, size);
        each_row(n, n->rows->gru_reset, d, from_input, h, c, n->reset_h);
        times_weights(p->batch, p->hidden, p->hidden, n->reset_h, r_candidate, n->from_state + 2 * p->hidden, size);
        each_row(n, n->rows->gru_update, d, from_input, h, c, out);
        return;
    }
    times_weights(p->batch, size, p->hidden, h, r, n->from_state, size);
    each_row(n,
             p->cell == CAKE_RNN_LSTM   ? n->rows->cell_lstm
             : p->cell == CAKE_RNN_GRU  ? n->rows->cell_gru
             : p->cell == CAKE_RNN_TANH ? n->rows->cell_tanh
                                        : n->rows->cell_relu,
             d, from_input, h, c, out);
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const rnn *n = ctx;
    const cake_rnn *p = &n->p;
    int64_t state = p->batch * p->hidden, size = n->gates * p->hidden;
    float *y = outputs[0]->data;

    for (int64_t d = 0; d < n->directions; d++) {
        int backwards = p->direction == CAKE_RNN_REVERSE || d == 1;
        const float *h = p->initial_state ? (const float *)inputs[1]->data + d * state : n->zeros;
        float *c = NULL;

        if (p->cell == CAKE_RNN_LSTM) {
            const float *c0 = p->initial_state ? (const float *)inputs[2]->data + d * state : n->zeros;

            c = (float *)outputs[2]->data + d * state;
            memcpy(c, c0, (size_t)state * sizeof *c);
        }
        times_weights(p->steps * p->batch, size, p->input, inputs[0]->data, n->w + d * size * p->input, n->from_input,
                      size);
        for (int64_t i = 0; i < p->steps; i++) {
            int64_t at = backwards ? p->steps - 1 - i : i;
            float *out = y + (at * n->directions + d) * state;

            step(n, d, n->from_input + at * p->batch * size, h, c, out);
            h = out;
        }
        memcpy((float *)outputs[1]->data + d * state, h, (size_t)state * sizeof *h);
    }
    return CAKE_DONE;
}

const cake_kernel blas_rnn = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "rnn",
    .name = "gemm",
    .min_align = sizeof(float),
    .can_run = can_run,
    .open = open_rnn,
    .run = run,
    .close = free,
};
