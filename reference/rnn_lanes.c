/* The lanes of a recurrent layer: where their data lie, and running them from beginning to end. */
#include <math.h>
#include <stdlib.h>

#include "reference/rnn.h"

static const double *values_of(const cake_reference *reference, bool there, const char *name)
{
    return there ? reference->values[cake_tensor_index(&reference->tensors, name)] : NULL;
}

static cake_rnn_function function_of(int32_t kind, double alpha, double beta, int32_t of_formula)
{
    return (cake_rnn_function){kind == CAKE_FUNCTION_DEFAULT ? of_formula : kind, alpha, beta};
}

cake_rnn_data cake_rnn_data_of(const cake_reference *reference)
{
    const cake_rnn *p = reference->params;
    int32_t f = p->cell == CAKE_RNN_TANH   ? CAKE_FUNCTION_TANH
                : p->cell == CAKE_RNN_RELU ? CAKE_FUNCTION_RELU
                                           : CAKE_FUNCTION_SIGMOID;

    return (cake_rnn_data){
        .p = p,
        .gates = cake_rnn_gates(p),
        .directions = cake_rnn_directions(p),
        .x = values_of(reference, true, "x"),
        .h0 = values_of(reference, p->initial_state, "h0"),
        .c0 = values_of(reference, p->initial_state && p->cell == CAKE_RNN_LSTM, "c0"),
        .lens = values_of(reference, p->sequence_lens, "lens"),
        .w = values_of(reference, true, "w"),
        .r = values_of(reference, true, "r"),
        .bias = values_of(reference, p->bias, "b"),
        .peep = values_of(reference, p->peepholes, "p"),
        .f = function_of(p->f, p->f_alpha, p->f_beta, f),
        .g = function_of(p->g, p->g_alpha, p->g_beta, CAKE_FUNCTION_TANH),
        .h = function_of(p->h, p->h_alpha, p->h_beta, CAKE_FUNCTION_TANH),
        .u = reference->u,
        .u_out = reference->u_out,
    };
}

/* A length outside of 0 .. steps counts as the nearer of the two. */
int64_t cake_rnn_length(const cake_rnn_data *v, int64_t lane)
{
    double steps = (double)v->p->steps;

    return v->lens ? (int64_t)fmin(fmax(v->lens[lane % v->p->batch], 0), steps) : v->p->steps;
}

int64_t cake_rnn_turn(const cake_rnn_data *v, int64_t lane, int64_t step)
{
    bool reversed = v->p->direction == CAKE_RNN_REVERSE || lane >= v->p->batch;

    return reversed ? cake_rnn_length(v, lane) - 1 - step : step;
}

int64_t cake_rnn_row_of_x(const cake_rnn_data *v, int64_t lane, int64_t step)
{
    int64_t b = lane % v->p->batch;

    return v->p->batchwise ? b * v->p->steps + step : step * v->p->batch + b;
}

int64_t cake_rnn_row_of_y(const cake_rnn_data *v, int64_t lane, int64_t step)
{
    int64_t b = lane % v->p->batch, d = lane / v->p->batch;

    return v->p->batchwise ? (b * v->p->steps + step) * v->directions + d
                           : (step * v->directions + d) * v->p->batch + b;
}

int64_t cake_rnn_row_of_state(const cake_rnn_data *v, int64_t lane)
{
    int64_t b = lane % v->p->batch, d = lane / v->p->batch;

    return v->p->batchwise ? b * v->directions + d : lane;
}

cake_rnn_trace cake_rnn_trace_begin(const cake_rnn_data *v, int64_t lanes)
{
    int64_t count = lanes * v->p->steps * v->p->hidden;

    return (cake_rnn_trace){.h = cake_scratch_expected(count),
                            .c = v->p->cell == CAKE_RNN_LSTM ? cake_scratch_expected(count) : NULL};
}

cake_rnn_trace cake_rnn_trace_of_lane(const cake_rnn_data *v, cake_rnn_trace all, int64_t lane)
{
    int64_t offset = lane * v->p->steps * v->p->hidden;

    return (cake_rnn_trace){all.h + offset, all.c ? all.c + offset : NULL};
}

void cake_rnn_trace_end(cake_rnn_trace trace)
{
    free(trace.h);
    free(trace.c);
}

cake_rnn_row cake_rnn_row_begin(const cake_rnn_data *v)
{
    int64_t n = v->p->hidden;
    double *m = cake_scratch(10 * n);

    return (cake_rnn_row){.before = {m, m + n, m + 2 * n, m + 3 * n},
                          .after = {m + 4 * n, m + 5 * n, m + 6 * n, m + 7 * n},
                          .reset = m + 8 * n,
                          .reset_bound = m + 9 * n,
                          .memory = m};
}

void cake_rnn_row_end(cake_rnn_row row)
{
    free(row.memory);
}

/* What is handed on may have been rounded to the output's dtype. */
static double handed_on(const cake_rnn_data *v, cake_expected state)
{
    return state.bound + v->u_out * fabs(state.value);
}

void cake_rnn_load(const cake_rnn_data *v, int64_t lane, int64_t turn, cake_rnn_trace trace, cake_rnn_row *row)
{
    int64_t n = v->p->hidden, first = cake_rnn_row_of_state(v, lane) * n, last = (turn - 1) * n;

    row->x = v->x + cake_rnn_row_of_x(v, lane, cake_rnn_turn(v, lane, turn)) * v->p->input;
    for (int64_t j = 0; j < n; j++) {
        row->before.h[j] = turn > 0 ? trace.h[last + j].value : v->h0 ? v->h0[first + j] : 0;
        row->before.eh[j] = turn > 0 ? handed_on(v, trace.h[last + j]) : 0;
        if (!trace.c)
            continue;
        row->before.c[j] = turn > 0 ? trace.c[last + j].value : v->c0 ? v->c0[first + j] : 0;
        row->before.ec[j] = turn > 0 ? handed_on(v, trace.c[last + j]) : 0;
    }
}

void cake_rnn_store(const cake_rnn_data *v, int64_t turn, const cake_rnn_row *row, cake_rnn_trace trace)
{
    int64_t n = v->p->hidden;

    for (int64_t j = 0; j < n; j++) {
        trace.h[turn * n + j] = (cake_expected){row->after.h[j], row->after.eh[j]};
        if (trace.c)
            trace.c[turn * n + j] = (cake_expected){row->after.c[j], row->after.ec[j]};
    }
}

void cake_rnn_run(const cake_rnn_data *v, int64_t first, int64_t lanes, cake_rnn_trace trace)
{
    cake_rnn_row memory[CAKE_RNN_LANES], row[CAKE_RNN_LANES];
    int64_t running = lanes;

    for (int64_t i = 0; i < lanes; i++)
        memory[i] = cake_rnn_row_begin(v);
    for (int64_t turn = 0; running > 0; turn++) {
        int64_t index[CAKE_RNN_LANES];

        running = 0;
        for (int64_t i = 0; i < lanes; i++)
            if (turn < cake_rnn_length(v, first + i)) {
                cake_rnn_load(v, first + i, turn, cake_rnn_trace_of_lane(v, trace, i), &memory[i]);
                row[running] = memory[i];
                index[running++] = i;
            }
        cake_rnn_step(v, first / v->p->batch, row, running, 0, v->p->hidden);
        for (int64_t i = 0; i < running; i++)
            cake_rnn_store(v, turn, &row[i], cake_rnn_trace_of_lane(v, trace, index[i]));
    }
    for (int64_t i = 0; i < lanes; i++)
        cake_rnn_row_end(memory[i]);
}
