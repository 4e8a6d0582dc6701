/* What the files of the op rnn share: rnn.c (the op), rnn_lanes.c (its sequences), rnn_cell.c (one step),
 * rnn_function.c (its activation functions). */
#ifndef LAYERCAKE_REFERENCE_RNN_H
#define LAYERCAKE_REFERENCE_RNN_H

#include "reference/carry.h"

/* An activation function with its parameters. */
typedef struct cake_rnn_function {
    int32_t kind; /* CAKE_FUNCTION_SIGMOID, ... */
    double alpha, beta;
} cake_rnn_function;

/* The function of x, and its bound: what x carries, and what a kernel with rounded parameters may add. */
cake_expected cake_rnn_apply(cake_rnn_function f, cake_expected x, double u);

/* An rnn's parameters and values, found once. Tensors that it has not are NULL. */
typedef struct cake_rnn_data {
    const cake_rnn *p;
    int64_t gates, directions;
    const double *x, *h0, *c0, *lens;
    const double *w, *r, *bias, *peep;
    cake_rnn_function f, g, h;
    double u, u_out;
} cake_rnn_data;

/* The state of one batch row in one direction, each [hidden]: h, the LSTM's c (else unused), and their bounds. */
typedef struct cake_rnn_state {
    double *h, *eh, *c, *ec;
} cake_rnn_state;

/* One row at one step. */
typedef struct cake_rnn_row {
    const double *x; /* [input] */
    cake_rnn_state before, after;
    double *reset, *reset_bound; /* scratch [hidden] of a GRU whose reset comes before the product */
    double *memory;              /* of all the arrays but x */
} cake_rnn_row;

/* Units begin .. end-1 of `after` for each of the rows. */
void cake_rnn_step(const cake_rnn_data *v, int64_t direction, cake_rnn_row *row, int64_t rows, int64_t begin,
                   int64_t end);

int64_t cake_rnn_gates(const cake_rnn *p);
int64_t cake_rnn_directions(const cake_rnn *p);
cake_rnn_data cake_rnn_data_of(const cake_reference *reference);

/* A lane is one batch row in one direction: lane = d batch + b. Its turns count its steps in the order in which it
 * takes them: turn 0 of the reverse direction is the sequence's last step. */
int64_t cake_rnn_length(const cake_rnn_data *v, int64_t lane);
int64_t cake_rnn_turn(const cake_rnn_data *v, int64_t lane, int64_t step); /* and back: the step of a turn */

/* Index of a lane's row in x, y (at a step), and in the tensors of states. */
int64_t cake_rnn_row_of_x(const cake_rnn_data *v, int64_t lane, int64_t step);
int64_t cake_rnn_row_of_y(const cake_rnn_data *v, int64_t lane, int64_t step);
int64_t cake_rnn_row_of_state(const cake_rnn_data *v, int64_t lane);

/* The states of lanes after each turn: h and c [lanes][steps][hidden], c NULL but for the LSTM. */
typedef struct cake_rnn_trace {
    cake_expected *h, *c;
} cake_rnn_trace;

cake_rnn_trace cake_rnn_trace_begin(const cake_rnn_data *v, int64_t lanes);
cake_rnn_trace cake_rnn_trace_of_lane(const cake_rnn_data *v, cake_rnn_trace all, int64_t lane);
void cake_rnn_trace_end(cake_rnn_trace trace);

cake_rnn_row cake_rnn_row_begin(const cake_rnn_data *v);
void cake_rnn_row_end(cake_rnn_row row);

/* Make `row` ready for a lane's turn: its x, and the state before, from the lane's trace (or h0, c0). */
void cake_rnn_load(const cake_rnn_data *v, int64_t lane, int64_t turn, cake_rnn_trace trace, cake_rnn_row *row);
/* Put the state after it into the trace. */
void cake_rnn_store(const cake_rnn_data *v, int64_t turn, const cake_rnn_row *row, cake_rnn_trace trace);

/* Run lanes first .. first+lanes-1, of one direction, from beginning to end. lanes <= CAKE_RNN_LANES, which share
 * each reading of the weights. */
enum { CAKE_RNN_LANES = 8 };
void cake_rnn_run(const cake_rnn_data *v, int64_t first, int64_t lanes, cake_rnn_trace trace);

#endif
