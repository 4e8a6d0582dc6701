/* What the files of the op rnn share: rnn.c (the op), rnn_lanes.c (its sequences), rnn_cell.c (one step). */
#ifndef LAYERCAKE_REFERENCE_RNN_H
#define LAYERCAKE_REFERENCE_RNN_H

#include "reference/carry.h"

/* An rnn's parameters and values, found once. Tensors that it has not are NULL. */
typedef struct rnn {
    const cake_rnn *p;
    int64_t gates, directions;
    const double *x, *h0, *c0, *lens;
    const double *w, *r, *bias, *peep;
    double u, u_out;
} rnn;

/* The state of one batch row in one direction, each [hidden]: h, the LSTM's c (else unused), and their bounds. */
typedef struct rnn_state {
    double *h, *eh, *c, *ec;
} rnn_state;

/* One row at one step. */
typedef struct rnn_row {
    const double *x; /* [input] */
    rnn_state before, after;
    double *reset, *reset_bound; /* scratch [hidden] of a GRU whose reset comes before the product */
    double *memory;              /* of all the arrays but x */
} rnn_row;

/* Units begin .. end-1 of `after` for each of the rows. */
void rnn_step(const rnn *rnn, int64_t direction, rnn_row *row, int64_t rows, int64_t begin, int64_t end);

int64_t rnn_gates(const cake_rnn *p);
int64_t rnn_directions(const cake_rnn *p);
rnn rnn_view(const cake_reference *reference);

/* A lane is one batch row in one direction: lane = d batch + b. Its turns count its steps in the order in which it takes
 * them: turn 0 of the reverse direction is the sequence's last step. */
int64_t rnn_length(const rnn *rnn, int64_t lane);
int64_t rnn_turn(const rnn *rnn, int64_t lane, int64_t step); /* and back: the step of a turn */

/* Index of a lane's row in x, y (at a step), and in the tensors of states. */
int64_t rnn_row_of_x(const rnn *rnn, int64_t lane, int64_t step);
int64_t rnn_row_of_y(const rnn *rnn, int64_t lane, int64_t step);
int64_t rnn_row_of_state(const rnn *rnn, int64_t lane);

/* The states of lanes after each turn: h and c [lanes][steps][hidden], c NULL but for the LSTM. */
typedef struct rnn_trace {
    cake_expected *h, *c;
} rnn_trace;

rnn_trace rnn_trace_begin(const rnn *rnn, int64_t lanes);
rnn_trace rnn_trace_of_lane(const rnn *rnn, rnn_trace all, int64_t lane);
void rnn_trace_end(rnn_trace trace);

rnn_row rnn_row_begin(const rnn *rnn);
void rnn_row_end(rnn_row row);

/* Make `row` ready for a lane's turn: its x, and the state before, from the lane's trace (or h0, c0). */
void rnn_load(const rnn *rnn, int64_t lane, int64_t turn, rnn_trace trace, rnn_row *row);
/* Put the state after it into the trace. */
void rnn_store(const rnn *rnn, int64_t turn, const rnn_row *row, rnn_trace trace);

/* Run lanes first .. first+lanes-1, of one direction, from beginning to end. lanes <= RNN_LANES, which share each
 * reading of the weights. */
enum { RNN_LANES = 8 };
void rnn_run(const rnn *rnn, int64_t first, int64_t lanes, rnn_trace trace);

#endif
