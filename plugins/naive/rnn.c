/* rnn: a recurrent layer (formulas and gate orders of ONNX's RNN, LSTM and GRU)
 *
 *   tanh, relu   h' = f(W x + wb + R h + rb)
 *   lstm         i, o, f = sigmoid(W x + wb + R h + rb), n = tanh(the same), c' = f c + i n, h' = o tanh(c')
 *                (Hochreiter and Schmidhuber 1997, Gers et al. 2000)
 *   gru          z, r = sigmoid(W x + wb + R h + rb), h' = (1 - z) n + z h, with (Cho et al. 2014)
 *                n = tanh(W x + wb + R (r h) + rb) or, if linear_before_reset, tanh(W x + wb + r (R h + rb))
 *
 * each gate with its own rows of W, R, wb and rb, in the order that the line gives. With peepholes (Gers et al. 2002)
 * i and f also get p c, and o gets p c'. A clip limits the argument of every function but tanh(c'). The line may put
 * other functions into the places of these, f of the sigmoids (or of the only function), g of the candidate's tanh, h of
 * tanh(c'), and 1 - i into that of the gate f (input_forget). */
#include <math.h>
#include <string.h>

#include "naive.h"

/* The weights of one direction. */
typedef struct weights {
    const float *w, *r, *wb, *rb; /* wb and rb are NULL without bias */
    const float *peep;            /* of i, o, f; NULL without peepholes */
} weights;

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

static float apply(int32_t function, double alpha_given, double beta_given, float x)
{
    const float alpha = (float)alpha_given, beta = (float)beta_given;

    switch (function) {
    case CAKE_FUNCTION_TANH:
        return tanhf(x);
    case CAKE_FUNCTION_RELU:
        return fmaxf(x, 0);
    case CAKE_FUNCTION_AFFINE:
        return alpha * x + beta;
    case CAKE_FUNCTION_LEAKY_RELU:
        return x < 0 ? alpha * x : x;
    case CAKE_FUNCTION_THRESHOLDED_RELU:
        return x >= alpha ? x : 0;
    case CAKE_FUNCTION_SCALED_TANH:
        return alpha * tanhf(beta * x);
    case CAKE_FUNCTION_HARD_SIGMOID:
        return fminf(fmaxf(alpha * x + beta, 0), 1);
    case CAKE_FUNCTION_ELU:
        return x < 0 ? alpha * expm1f(x) : x;
    case CAKE_FUNCTION_SOFTSIGN:
        return x / (1 + fabsf(x));
    case CAKE_FUNCTION_SOFTPLUS:
        return fmaxf(x, 0) + log1pf(expf(-fabsf(x)));
    default:
        return sigmoid(x);
    }
}

static float clip(const cake_rnn *p, float x)
{
    return p->clip > 0 ? fminf(fmaxf(x, -(float)p->clip), (float)p->clip) : x;
}

/* The functions f, g and h of the layer, or what stands for them in the formula. */
static float function_f(const cake_rnn *p, float x)
{
    int32_t plain = p->cell == CAKE_RNN_TANH ? CAKE_FUNCTION_TANH : CAKE_FUNCTION_RELU;
    int32_t formula = p->cell == CAKE_RNN_LSTM || p->cell == CAKE_RNN_GRU ? CAKE_FUNCTION_SIGMOID : plain;

    return apply(p->f ? p->f : formula, p->f_alpha, p->f_beta, clip(p, x));
}

static float function_g(const cake_rnn *p, float x)
{
    return apply(p->g ? p->g : CAKE_FUNCTION_TANH, p->g_alpha, p->g_beta, clip(p, x));
}

static float function_h(const cake_rnn *p, float x)
{
    return apply(p->h ? p->h : CAKE_FUNCTION_TANH, p->h_alpha, p->h_beta, x);
}

static float dot(const float *a, const float *b, int64_t n)
{
    float sum = 0;

    for (int64_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Row `row` of W x + wb, and of R h + rb. */
static float from_input(const cake_rnn *p, const weights *k, int64_t row, const float *x)
{
    return dot(k->w + row * p->input, x, p->input) + (k->wb ? k->wb[row] : 0);
}

static float from_state(const cake_rnn *p, const weights *k, int64_t row, const float *h)
{
    return dot(k->r + row * p->hidden, h, p->hidden) + (k->rb ? k->rb[row] : 0);
}

/* What gate g of unit j gets, before its non-linearity. */
static float gate(const cake_rnn *p, const weights *k, int64_t g, int64_t j, const float *x, const float *h)
{
    return from_input(p, k, g * p->hidden + j, x) + from_state(p, k, g * p->hidden + j, h);
}

static void step_plain(const cake_rnn *p, const weights *k, const float *x, const float *h, float *new_h)
{
    for (int64_t j = 0; j < p->hidden; j++)
        new_h[j] = function_f(p, gate(p, k, 0, j, x, h));
}

static void step_lstm(const cake_rnn *p, const weights *k, const float *x, const float *h, float *c, float *new_h)
{
    for (int64_t j = 0; j < p->hidden; j++) {
        float i = gate(p, k, 0, j, x, h), o = gate(p, k, 1, j, x, h), f = gate(p, k, 2, j, x, h);
        float candidate = function_g(p, gate(p, k, 3, j, x, h));

        if (k->peep) {
            i += k->peep[j] * c[j];
            f += k->peep[2 * p->hidden + j] * c[j];
        }
        i = function_f(p, i);
        f = p->input_forget ? 1 - i : function_f(p, f);
        c[j] = f * c[j] + i * candidate;
        if (k->peep)
            o += k->peep[p->hidden + j] * c[j];
        new_h[j] = function_f(p, o) * function_h(p, c[j]);
    }
}

/* reset: scratch, [hidden] */
static void step_gru(const cake_rnn *p, const weights *k, const float *x, const float *h, float *reset, float *new_h)
{
    for (int64_t j = 0; j < p->hidden; j++) {
        reset[j] = function_f(p, gate(p, k, 1, j, x, h));
        if (!p->linear_before_reset)
            reset[j] *= h[j];
    }
    for (int64_t j = 0; j < p->hidden; j++) {
        int64_t row = 2 * p->hidden + j; /* of the candidate */
        float update = function_f(p, gate(p, k, 0, j, x, h));
        float state = p->linear_before_reset ? reset[j] * from_state(p, k, row, h) : from_state(p, k, row, reset);
        float candidate = function_g(p, from_input(p, k, row, x) + state);

        new_h[j] = (1 - update) * candidate + update * h[j];
    }
}

/* One sequence in one direction: d of D, element b of the batch. h and c are the states, new_h and reset
 * scratch, all [hidden]. The steps beyond the sequence's own length give 0. */
static void run_sequence(const cake_rnn *p, const naive_tensors *t, int64_t d, int64_t b, float *h, float *c,
                         float *new_h, float *reset)
{
    int64_t gates = p->cell == CAKE_RNN_LSTM ? 4 : p->cell == CAKE_RNN_GRU ? 3 : 1;
    int64_t directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1;
    int64_t rows = gates * p->hidden, steps = p->steps;
    int64_t state = (p->batchwise ? b * directions + d : d * p->batch + b) * p->hidden;
    int backwards = p->direction == CAKE_RNN_REVERSE || d == 1, input = 1, constant = 2;
    size_t state_bytes = (size_t)p->hidden * sizeof(float);
    weights k = {t->constant[0] + d * rows * p->input, t->constant[1] + d * rows * p->hidden, NULL, NULL, NULL};

    memset(h, 0, state_bytes);
    memset(c, 0, state_bytes);
    if (p->initial_state)
        memcpy(h, t->input[input++] + state, state_bytes);
    if (p->initial_state && p->cell == CAKE_RNN_LSTM)
        memcpy(c, t->input[input++] + state, state_bytes);
    if (p->sequence_lens)
        steps = ((const int32_t *)(const void *)t->input[input])[b];
    if (p->bias) {
        k.wb = t->constant[constant++] + d * 2 * rows;
        k.rb = k.wb + rows;
    }
    if (p->peepholes)
        k.peep = t->constant[constant] + d * 3 * p->hidden;

    for (int64_t i = 0; i < p->steps; i++) {
        int64_t step = backwards && i < steps ? steps - 1 - i : i;
        const float *x = t->input[0] + (p->batchwise ? b * p->steps + step : step * p->batch + b) * p->input;
        int64_t place =
            p->batchwise ? (b * p->steps + step) * directions + d : (step * directions + d) * p->batch + b;
        float *y = t->output[0] + place * p->hidden;

        if (i >= steps) {
            memset(y, 0, state_bytes);
            continue;
        }
        if (p->cell == CAKE_RNN_LSTM)
            step_lstm(p, &k, x, h, c, new_h);
        else if (p->cell == CAKE_RNN_GRU)
            step_gru(p, &k, x, h, reset, new_h);
        else
            step_plain(p, &k, x, h, new_h);
        memcpy(h, new_h, state_bytes);
        memcpy(y, h, state_bytes);
    }
    memcpy(t->output[1] + state, h, state_bytes);
    if (p->cell == CAKE_RNN_LSTM)
        memcpy(t->output[2] + state, c, state_bytes);
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_rnn *p = params;
    int64_t directions = p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1;
    float *h = t->scratch, *c = h + p->hidden, *new_h = c + p->hidden, *reset = new_h + p->hidden;

    for (int64_t d = 0; d < directions; d++)
        for (int64_t b = 0; b < p->batch; b++)
            run_sequence(p, t, d, b, h, c, new_h, reset);
}

/* h, c, new_h, reset */
static int64_t scratch(const void *params)
{
    const cake_rnn *p = params;

    return 4 * p->hidden;
}

const naive_layer naive_rnn = {.compute = compute, .scratch = scratch};
