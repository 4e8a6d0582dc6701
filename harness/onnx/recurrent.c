/* RNN, LSTM, GRU: all that ONNX has of them but other activation functions and coupled gates. */
#include <stdio.h>
#include <string.h>

#include "onnx/node.h"

/* What the layer computes: the op's cell, and the activation functions that it stands for, of one direction. */
typedef struct cell {
    const char *name, *functions[3];
} cell;

static const cell cells_of_rnn[] = {{"tanh", {"Tanh"}}, {"relu", {"Relu"}}, {NULL, {NULL}}};
static const cell cells_of_lstm[] = {{"lstm", {"Sigmoid", "Tanh", "Tanh"}}, {NULL, {NULL}}};
static const cell cells_of_gru[] = {{"gru", {"Sigmoid", "Tanh"}}, {NULL, {NULL}}};

/* Are the node's `activations` those of the cell, in each direction? */
static bool is_cell(const cell *c, const Onnx__AttributeProto *activations, int directions)
{
    size_t functions = 0;

    while (functions < 3 && c->functions[functions])
        functions++;
    if (activations->n_strings != functions * (size_t)directions)
        return false;
    for (size_t i = 0; i < activations->n_strings; i++) {
        const char *function = c->functions[i % functions];
        ProtobufCBinaryData found = activations->strings[i];

        if (found.len != strlen(function) || strncasecmp((const char *)found.data, function, found.len) != 0)
            return false;
    }
    return true;
}

static const char *find_cell(cake_onnx_node *n, const cell *cells, int directions)
{
    for (size_t i = 0; i < n->proto->n_attribute; i++) {
        const Onnx__AttributeProto *a = n->proto->attribute[i];

        if (!a->name || strcmp(a->name, "activations") != 0 || a->n_strings == 0)
            continue;
        for (const cell *c = cells; c->name; c++)
            if (is_cell(c, a, directions))
                return c->name;
        cake_onnx_skip(n, "activation functions that the op does not have (%.*s, ...)", (int)a->strings[0].len,
                       a->strings[0].data ? (const char *)a->strings[0].data : "");
    }
    return cells->name;
}

static void recurrent(cake_onnx_node *n, const cell *cells, const cake_onnx_tensor *c0,
                      const cake_onnx_tensor *peepholes)
{
    const cake_onnx_tensor *x = n->input[0], *w = n->input[1], *r = n->input[2], *bias = n->input[3];
    const cake_onnx_tensor *lens = n->input[4], *h0 = n->input[5];
    const char *direction = cake_onnx_text(n, "direction", "forward"), *name;
    int directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    bool batchwise = cake_onnx_int(n, "layout", 0) != 0, lstm = cells == cells_of_lstm;
    int64_t hidden = r->rank == 3 ? r->shape[2] : 0;

    name = find_cell(n, cells, directions);
    if (x->rank != 3 || w->rank != 3 || r->rank != 3 || cake_onnx_int(n, "hidden_size", hidden) != hidden)
        cake_onnx_broken(n, "expected x, w and r of rank 3 and hidden_size %lld, found others", (long long)hidden);
    if (cake_onnx_int(n, "input_forget", 0))
        cake_onnx_skip(n, "coupled input and forget gates (input_forget)");
    for (int64_t i = 0; lens && i < lens->count; i++)
        if (!(lens->values[i] >= 0 && lens->values[i] <= (double)x->shape[batchwise]))
            cake_onnx_broken(n, "expected sequence_lens of at most %lld steps, found %.9g",
                             (long long)x->shape[batchwise], lens->values[i]);
    if (n->status != CAKE_OK)
        return;
    cake_onnx_case(n,
                   "rnn cell=%s direction=%s steps=%lld batch=%lld input=%lld hidden=%lld bias=%d initial_state=%d "
                   "linear_before_reset=%d sequence_lens=%d peepholes=%d batchwise=%d clip=%.17g",
                   name, direction, (long long)x->shape[batchwise], (long long)x->shape[!batchwise],
                   (long long)x->shape[2], (long long)hidden, bias != NULL, h0 || c0,
                   cells == cells_of_gru && cake_onnx_int(n, "linear_before_reset", 0) != 0, lens != NULL,
                   peepholes != NULL, batchwise, cake_onnx_float(n, "clip", 0));
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", w);
    cake_onnx_put(n, "r", r);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "lens", lens);
    cake_onnx_put(n, "p", peepholes);
    if (h0 || c0) {
        const cake_onnx_tensor *zero = cake_onnx_full(n->pool, 3, (h0 ? h0 : c0)->shape, 0);

        cake_onnx_put(n, "h0", h0 ? h0 : zero);
        if (lstm)
            cake_onnx_put(n, "c0", c0 ? c0 : zero);
    }
    cake_onnx_put(n, "y", n->output[0]);
    cake_onnx_put(n, "h_last", n->output[1]);
    if (lstm)
        cake_onnx_put(n, "c_last", n->output[2]);
}

static void rnn(cake_onnx_node *n)
{
    recurrent(n, cells_of_rnn, NULL, NULL);
}

static void lstm(cake_onnx_node *n)
{
    recurrent(n, cells_of_lstm, n->input[6], n->input[7]);
}

static void gru(cake_onnx_node *n)
{
    recurrent(n, cells_of_gru, NULL, NULL);
}

const cake_onnx_mapping cake_onnx_recurrent[] = {
    {"RNN", 3, 6, 7, rnn},
    {"LSTM", 3, 8, 7, lstm},
    {"GRU", 3, 6, 7, gru},
    {.op_type = NULL},
};
