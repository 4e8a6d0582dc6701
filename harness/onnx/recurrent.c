/* RNN, LSTM, GRU, with all that ONNX has of them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "onnx/node.h"

/* An activation function: ONNX's name, the op's, and what its alpha and beta are where the node does not say. */
typedef struct function {
    const char *of_onnx, *name;
    bool has_alpha, has_beta;
    double alpha, beta;
} function;

static const function functions[] = {
    {"Sigmoid", "sigmoid", false, false, 0, 0},
    {"Tanh", "tanh", false, false, 0, 0},
    {"Relu", "relu", false, false, 0, 0},
    {"Affine", "affine", true, true, 1, 0},
    {"LeakyRelu", "leaky_relu", true, false, 0.01, 0},
    {"ThresholdedRelu", "thresholded_relu", true, false, 1, 0},
    {"ScaledTanh", "scaled_tanh", true, true, 1, 1},
    {"HardSigmoid", "hard_sigmoid", true, true, 0.2, 0.5},
    {"Elu", "elu", true, false, 1, 0},
    {"Softsign", "softsign", false, false, 0, 0},
    {"Softplus", "softplus", false, false, 0, 0},
};

/* What a step computes: the op's cell, and its functions f, g, h if the node names none. */
typedef struct cell {
    const char *name, *functions[3];
    int n_functions;
} cell;

static const cell tanh_cell = {"tanh", {"tanh"}, 1}, relu_cell = {"relu", {"relu"}, 1},
                  lstm_cell = {"lstm", {"sigmoid", "tanh", "tanh"}, 3}, gru_cell = {"gru", {"sigmoid", "tanh"}, 2};

enum { TEXT = 256 };

static const function *find_function(cake_onnx_node *n, int index)
{
    const char *name = cake_onnx_text_of(n, "activations", index);

    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcasecmp(functions[i].of_onnx, name) == 0)
            return &functions[i];
    cake_onnx_broken(n, "expected an activation function of a recurrent layer, found '%.40s'", name);
    return &functions[0];
}

/* The functions of a direction as keys of the op. Alphas and betas are in one list each, for those functions that have
 * one; `alphas` and `betas` count what was taken from it. */
static void read_functions(cake_onnx_node *n, const cell *c, int first, int *alphas, int *betas, char text[TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < c->n_functions; i++) {
        const function *f = find_function(n, first + i);
        double alpha = f->has_alpha ? cake_onnx_float_of(n, "activation_alpha", (*alphas)++, f->alpha) : 0;
        double beta = f->has_beta ? cake_onnx_float_of(n, "activation_beta", (*betas)++, f->beta) : 0;

        if (strcmp(f->name, c->functions[i]) != 0)
            used += (size_t)snprintf(text + used, TEXT - used, " %c=%s %c_alpha=%.17g %c_beta=%.17g", "fgh"[i],
                                     f -> name, "fgh"[i], alpha, "fgh"[i], beta);
    }
}

/* What stands for one of two directions, which is dimension `axis`; all of it if there is no choice (-1). */
static const cake_onnx_tensor *part(cake_onnx_node *n, const cake_onnx_tensor *t, int axis, int direction)
{
    if (!t || direction < 0 || axis >= t->rank)
        return t;
    return cake_onnx_at(n->pool, cake_onnx_move(n->pool, t, axis, 0), direction);
}

/* The workload of all of a node's directions, or of one of them. */
static void direction_case(cake_onnx_node *n, const cell *c, const char *direction, int only, const char *keys)
{
    const cake_onnx_tensor *x = n->input[0], *h0 = n->input[5];
    bool batchwise = cake_onnx_int(n, "layout", 0) != 0, lstm = c == &lstm_cell;
    const cake_onnx_tensor *c0 = lstm ? n->input[6] : NULL, *peepholes = lstm ? n->input[7] : NULL;

    cake_onnx_case(n,
                   "rnn cell=%s direction=%s steps=%lld batch=%lld input=%lld hidden=%lld bias=%d initial_state=%d "
                   "linear_before_reset=%d sequence_lens=%d peepholes=%d batchwise=%d clip=%.17g input_forget=%d%s",
                   c->name, direction, (long long)x->shape[batchwise], (long long)x->shape[!batchwise],
                   (long long)x->shape[2], (long long)n->input[2]->shape[2], n->input[3] != NULL, h0 || c0,
                   c == &gru_cell && cake_onnx_int(n, "linear_before_reset", 0) != 0, n->input[4] != NULL,
                   peepholes != NULL, batchwise, cake_onnx_float(n, "clip", 0),
                   lstm && cake_onnx_int(n, "input_forget", 0) != 0, keys);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", part(n, n->input[1], 0, only));
    cake_onnx_put(n, "r", part(n, n->input[2], 0, only));
    cake_onnx_put(n, "b", part(n, n->input[3], 0, only));
    cake_onnx_put(n, "lens", n->input[4]);
    cake_onnx_put(n, "p", part(n, peepholes, 0, only));
    if (h0 || c0) {
        const cake_onnx_tensor *zero = cake_onnx_full(n->pool, 3, (h0 ? h0 : c0)->shape, 0);

        cake_onnx_put(n, "h0", part(n, h0 ? h0 : zero, batchwise, only));
        if (lstm)
            cake_onnx_put(n, "c0", part(n, c0 ? c0 : zero, batchwise, only));
    }
    cake_onnx_put(n, "y", part(n, n->output[0], batchwise ? 2 : 1, only));
    cake_onnx_put(n, "h_last", part(n, n->output[1], batchwise, only));
    if (lstm)
        cake_onnx_put(n, "c_last", part(n, n->output[2], batchwise, only));
}

static void recurrent(cake_onnx_node *n, const cell *c)
{
    static const char *const one_way[] = {"forward", "reverse"};
    const cake_onnx_tensor *x = n->input[0], *r = n->input[2], *lens = n->input[4];
    const char *direction = cake_onnx_text(n, "direction", "forward");
    int directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1, alphas = 0, betas = 0;
    int named = cake_onnx_length(n, "activations");
    bool batchwise = cake_onnx_int(n, "layout", 0) != 0;
    int64_t hidden = r->rank == 3 ? r->shape[2] : 0;
    char keys[2][TEXT] = {"", ""};

    if (x->rank != 3 || n->input[1]->rank != 3 || r->rank != 3 || cake_onnx_int(n, "hidden_size", hidden) != hidden)
        cake_onnx_broken(n, "expected x, w and r of rank 3 and hidden_size %lld, found others", (long long)hidden);
    if (named != 0 && named != directions * c->n_functions)
        cake_onnx_broken(n, "expected %d activations, found %d", directions * c->n_functions, named);
    for (int64_t i = 0; lens && i < lens->count; i++)
        if (!(lens->values[i] >= 0 && lens->values[i] <= (double)x->shape[batchwise]))
            cake_onnx_broken(n, "expected sequence_lens of at most %lld steps, found %.9g",
                             (long long)x->shape[batchwise], lens->values[i]);
    for (int d = 0; d < directions && named != 0; d++)
        read_functions(n, c, d * c->n_functions, &alphas, &betas, keys[d]);
    if (n->status != CAKE_OK)
        return;
    /* The op's two directions have the same functions. */
    if (directions == 1 || strcmp(keys[0], keys[1]) == 0)
        direction_case(n, c, direction, -1, keys[0]);
    else
        for (int d = 0; d < 2; d++)
            direction_case(n, c, one_way[d], d, keys[d]);
}

static void rnn(cake_onnx_node *n)
{
    recurrent(n, strcasecmp(cake_onnx_text_of(n, "activations", 0), "Relu") == 0 ? &relu_cell : &tanh_cell);
}

static void lstm(cake_onnx_node *n)
{
    recurrent(n, &lstm_cell);
}

static void gru(cake_onnx_node *n)
{
    recurrent(n, &gru_cell);
}

const cake_onnx_mapping cake_onnx_recurrent[] = {
    {"RNN", 3, 6, 7, rnn},
    {"LSTM", 3, 8, 7, lstm},
    {"GRU", 3, 6, 7, gru},
    {.op_type = NULL},
};
