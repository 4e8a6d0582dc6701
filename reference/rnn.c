/* rnn: recurrent layers. The formulas are those of ONNX's operators RNN, LSTM and GRU (opset 14), which are Elman
 * 1990, Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000 and peepholes of Gers et al. 2002,
 * and Cho et al. 2014; linear_before_reset is the variant of the latter that cuDNN and PyTorch compute.
 *
 *     tanh, relu   h' = f(x wT + h rT + wb + rb)
 *     lstm         i, o, f = sigmoid(..)   c' = f c + i tanh(..)   h' = o tanh(c')
 *     gru          z, r = sigmoid(..)      h' = (1 - z) n + z h
 *
 * f, g, h put other functions into their places, input_forget 1 - i into that of f.
 *
 * The error bounds are in rnn_cell.c.
 *
 * What `prepare` keeps are the states after every step. An element before the changed word, in the order of its
 * direction, comes from there; one at the changed step is one unit computed anew; for a later one the changed row
 * is run again until its states are as good as the kept ones again (a recurrence forgets), and this run is kept for
 * the next element of the same change. So `element` is for one thread at a time. */
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "reference/rnn.h"

#define FUNCTIONS                                                                                                    \
    "default", "sigmoid", "tanh", "relu", "affine", "leaky_relu", "thresholded_relu", "scaled_tanh", "hard_sigmoid", \
        "elu", "softsign", "softplus"
#define FUNCTION_ROWS(f, text)                                                                                       \
    CAKE_CHOICE_ROW(cake_rnn, f, "default", text, FUNCTIONS),                                                        \
        CAKE_REAL_ROW(cake_rnn, f##_alpha, "0", -1e6, 1e6, "alpha of " #f ", where it has one"),                     \
        CAKE_REAL_ROW(cake_rnn, f##_beta, "0", -1e6, 1e6, "beta of " #f ", where it has one")

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_rnn, cell, NULL, "what a step computes", "tanh", "relu", "lstm", "gru"),
    CAKE_CHOICE_ROW(cake_rnn, direction, "forward", "order of the steps", "forward", "reverse", "bidirectional"),
    CAKE_SIZE_ROW(cake_rnn, steps, NULL, 1, CAKE_EXTENT_MAX, "length of the sequence"),
    CAKE_SIZE_ROW(cake_rnn, batch, "1", 1, CAKE_EXTENT_MAX, "independent sequences"),
    CAKE_SIZE_ROW(cake_rnn, input, NULL, 1, CAKE_EXTENT_MAX, "features of a step's input"),
    CAKE_SIZE_ROW(cake_rnn, hidden, NULL, 1, CAKE_EXTENT_MAX / 8, "units of the state"),
    CAKE_FLAG_ROW(cake_rnn, bias, "0", "1: add wb and rb"),
    CAKE_FLAG_ROW(cake_rnn, initial_state, "0", "1: h0 (and c0) are given; 0: zero"),
    CAKE_FLAG_ROW(cake_rnn, linear_before_reset, "0", "GRU only; 1: the reset gate acts on h rhT + rbh"),
    CAKE_FLAG_ROW(cake_rnn, sequence_lens, "0", "1: each row has a length of its own"),
    CAKE_FLAG_ROW(cake_rnn, peepholes, "0", "LSTM only; 1: gates look at the cell state"),
    CAKE_FLAG_ROW(cake_rnn, batchwise, "0", "1: batch is the first dimension"),
    CAKE_REAL_ROW(cake_rnn, clip, "0", 0, 1e30, "largest argument of an activation function; 0: no limit"),
    CAKE_FLAG_ROW(cake_rnn, input_forget, "0", "LSTM only; 1: the forget gate is 1 - the input gate"),
    FUNCTION_ROWS(f, "function of the gates, or of a cell without them"),
    FUNCTION_ROWS(g, "function of the candidate; LSTM and GRU only"),
    FUNCTION_ROWS(h, "function of the cell state; LSTM only"),
    {.key = NULL},
};

int64_t cake_rnn_gates(const cake_rnn *p)
{
    return p->cell == CAKE_RNN_LSTM ? 4 : p->cell == CAKE_RNN_GRU ? 3 : 1;
}

int64_t cake_rnn_directions(const cake_rnn *p)
{
    return p->direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1;
}

/* Only functions that have an alpha or a beta may be given one. */
static cake_status validate_function(char name, int32_t kind, double alpha, double beta, cake_error *error)
{
    bool both =
        kind == CAKE_FUNCTION_AFFINE || kind == CAKE_FUNCTION_SCALED_TANH || kind == CAKE_FUNCTION_HARD_SIGMOID;
    bool one =
        kind == CAKE_FUNCTION_LEAKY_RELU || kind == CAKE_FUNCTION_THRESHOLDED_RELU || kind == CAKE_FUNCTION_ELU;

    if (alpha != 0 && !both && !one)
        return cake_fail(error, CAKE_E_USAGE, "%c_alpha is for functions %c that have an alpha only", name, name);
    if (beta != 0 && !both)
        return cake_fail(error, CAKE_E_USAGE, "%c_beta is for functions %c that have a beta only", name, name);
    return CAKE_OK;
}

static cake_status validate(void *params, cake_error *error)
{
    cake_rnn *p = params;
    cake_status status;

    if (p->linear_before_reset && p->cell != CAKE_RNN_GRU)
        return cake_fail(error, CAKE_E_USAGE, "linear_before_reset=1 is for cell=gru only");
    if (p->peepholes && p->cell != CAKE_RNN_LSTM)
        return cake_fail(error, CAKE_E_USAGE, "peepholes=1 is for cell=lstm only");
    if (p->input_forget && p->cell != CAKE_RNN_LSTM)
        return cake_fail(error, CAKE_E_USAGE, "input_forget=1 is for cell=lstm only");
    if (p->g && p->cell != CAKE_RNN_LSTM && p->cell != CAKE_RNN_GRU)
        return cake_fail(error, CAKE_E_USAGE, "g is for cell=lstm and cell=gru only");
    if (p->h && p->cell != CAKE_RNN_LSTM)
        return cake_fail(error, CAKE_E_USAGE, "h is for cell=lstm only");
    if ((status = validate_function('f', p->f, p->f_alpha, p->f_beta, error)) != CAKE_OK ||
        (status = validate_function('g', p->g, p->g_alpha, p->g_beta, error)) != CAKE_OK ||
        (status = validate_function('h', p->h, p->h_alpha, p->h_beta, error)) != CAKE_OK)
        return status;
    return cake_validate_tensors(&cake_op_rnn, p, error);
}

/* A state's shape: [directions][batch][hidden], or batch first. */
static void add_state(cake_tensor_list *list, const cake_rnn *p, const char *name, cake_role role)
{
    int64_t d = cake_rnn_directions(p);

    cake_tensor_add(list, name, role, 3,
                    (int64_t[]){p->batchwise ? p->batch : d, p->batchwise ? d : p->batch, p->hidden});
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_rnn *p = params;
    int64_t d = cake_rnn_directions(p), units = cake_rnn_gates(p) * p->hidden;
    double of_x = 1 / sqrt((double)p->input), of_h = 1 / sqrt((double)p->hidden);
    cake_tensor_spec *lens;

    if (p->batchwise)
        cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->batch, p->steps, p->input});
    else
        cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 3, (int64_t[]){p->steps, p->batch, p->input});
    if (p->initial_state)
        add_state(list, p, "h0", CAKE_ROLE_INPUT);
    if (p->initial_state && p->cell == CAKE_RNN_LSTM)
        add_state(list, p, "c0", CAKE_ROLE_INPUT);
    if (p->sequence_lens) {
        lens = cake_tensor_add(list, "lens", CAKE_ROLE_INPUT, 1, (int64_t[]){p->batch});
        lens->dtype = CAKE_I32;
        lens->fill = CAKE_FILL_INDEX;
        lens->limit = p->steps + 1;
    }
    cake_tensor_add(list, "w", CAKE_ROLE_CONSTANT, 3, (int64_t[]){d, units, p->input})->scale = of_x;
    cake_tensor_add(list, "r", CAKE_ROLE_CONSTANT, 3, (int64_t[]){d, units, p->hidden})->scale = of_h;
    if (p->bias)
        cake_tensor_add(list, "b", CAKE_ROLE_CONSTANT, 2, (int64_t[]){d, 2 * units})->scale = of_h;
    if (p->peepholes)
        cake_tensor_add(list, "p", CAKE_ROLE_CONSTANT, 2, (int64_t[]){d, 3 * p->hidden});
    if (p->batchwise)
        cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->batch, p->steps, d, p->hidden});
    else
        cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, (int64_t[]){p->steps, d, p->batch, p->hidden});
    add_state(list, p, "h_last", CAKE_ROLE_OUTPUT);
    if (p->cell == CAKE_RNN_LSTM)
        add_state(list, p, "c_last", CAKE_ROLE_OUTPUT);
}

/* The matrix products, of all steps; the activations' few operations a unit are not counted, as is the custom. */
static double flops(const void *params)
{
    const cake_rnn *p = params;

    return 2 * (double)cake_rnn_directions(p) * (double)p->steps * (double)p->batch * (double)cake_rnn_gates(p) *
           (double)p->hidden * ((double)p->input + (double)p->hidden);
}

/* What the states of a changed lane were found to be: from turn `first` until `end`, where the kept ones are as good.
 */
typedef struct rerun {
    cake_place changed;
    double value;
    int64_t lane, first, end; /* lane -1: none yet */
    cake_rnn_trace trace;     /* of one lane */
} rerun;

typedef struct rnn_memo {
    bool filling;
    cake_rnn_trace trace; /* of all lanes */
    rerun again;
} rnn_memo;

static void release(cake_reference *reference)
{
    rnn_memo *memo = reference->memo;

    if (memo) {
        cake_rnn_trace_end(memo->trace);
        cake_rnn_trace_end(memo->again.trace);
    }
    free(memo);
    reference->memo = NULL;
}

/* Runs the blocks, which see that the memo is being filled. */
static cake_status prepare(cake_reference *reference, cake_error *error)
{
    const cake_rnn_data v = cake_rnn_data_of(reference);
    rnn_memo *memo = calloc(1, sizeof *memo);
    cake_status status;

    if (!memo)
        return cake_fail(error, CAKE_E_MEMORY, "rnn: no memory for the reference's states");
    reference->memo = memo;
    memo->trace = cake_rnn_trace_begin(&v, v.directions * v.p->batch);
    memo->again = (rerun){.lane = -1, .trace = cake_rnn_trace_begin(&v, 1)};
    memo->filling = true;
    status = cake_reference_compute(reference, (int)sysconf(_SC_NPROCESSORS_ONLN), NULL, error);
    memo->filling = false;
    if (status != CAKE_OK)
        release(reference);
    return status;
}

/* The state after a lane's last turn, or the initial one if it has none. */
static cake_expected last_state(const cake_reference *reference, int64_t length, const cake_expected *states,
                                const double *initial, int64_t unit)
{
    cake_expected state;

    if (length == 0)
        return (cake_expected){initial ? initial[unit] : 0, 0};
    state = states[(length - 1) * ((const cake_rnn *)reference->params)->hidden + unit];
    return cake_expect(reference, state.value, state.bound);
}

/* A lane's part of the outputs. Beyond its length y is exactly 0. */
static void write_lane(const cake_reference *reference, const cake_rnn_data *v, int64_t lane, cake_rnn_trace trace,
                       cake_expected *const *expected)
{
    int64_t n = v->p->hidden, length = cake_rnn_length(v, lane), state = cake_rnn_row_of_state(v, lane) * n;

    for (int64_t step = 0; step < v->p->steps; step++) {
        const cake_expected *h = trace.h + cake_rnn_turn(v, lane, step) * n;
        cake_expected *y = expected[0] + cake_rnn_row_of_y(v, lane, step) * n;

        for (int64_t j = 0; j < n; j++)
            y[j] = step < length ? cake_expect(reference, h[j].value, h[j].bound) : (cake_expected){0, 0};
    }
    for (int64_t j = 0; j < n; j++) {
        expected[1][state + j] = last_state(reference, length, trace.h, v->h0 ? v->h0 + state : NULL, j);
        if (trace.c)
            expected[2][state + j] = last_state(reference, length, trace.c, v->c0 ? v->c0 + state : NULL, j);
    }
}

static int64_t blocks_per_direction(const cake_rnn *p)
{
    return cake_ceil_div(p->batch, CAKE_RNN_LANES);
}

static int64_t blocks(const void *params)
{
    return cake_rnn_directions(params) * blocks_per_direction(params);
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_rnn_data v = cake_rnn_data_of(reference);
    const rnn_memo *memo = reference->memo;
    int64_t row = index % blocks_per_direction(v.p) * CAKE_RNN_LANES, lanes = v.p->batch - row;
    int64_t first = index / blocks_per_direction(v.p) * v.p->batch + row;
    cake_rnn_trace trace;

    lanes = lanes < CAKE_RNN_LANES ? lanes : CAKE_RNN_LANES;
    if (memo && memo->filling) {
        cake_rnn_run(&v, first, lanes, cake_rnn_trace_of_lane(&v, memo->trace, first));
        return;
    }
    trace = cake_rnn_trace_begin(&v, lanes);
    cake_rnn_run(&v, first, lanes, trace);
    for (int64_t i = 0; i < lanes; i++)
        write_lane(reference, &v, first + i, cake_rnn_trace_of_lane(&v, trace, i), expected);
    cake_rnn_trace_end(trace);
}

/* Where an output element comes from. */
typedef struct origin {
    int64_t lane, unit;
    int64_t turn; /* after which it is the state: -1: before the first, `length` and more: never, so 0 */
    bool of_c;
} origin;

static origin find_origin(const cake_rnn_data *v, const cake_reference *reference, cake_place output)
{
    int64_t row = output.element / v->p->hidden, b, d, step;
    const char *name = reference->tensors.tensor[output.tensor].name;
    origin o = {.unit = output.element % v->p->hidden, .of_c = name[0] == 'c'};

    if (name[0] == 'y') {
        b = v->p->batchwise ? row / v->directions / v->p->steps : row % v->p->batch;
        d = v->p->batchwise ? row % v->directions : row / v->p->batch % v->directions;
        step = v->p->batchwise ? row / v->directions % v->p->steps : row / v->p->batch / v->directions;
        o.lane = d * v->p->batch + b;
        o.turn = step < cake_rnn_length(v, o.lane) ? cake_rnn_turn(v, o.lane, step) : v->p->steps;
    } else {
        b = v->p->batchwise ? row / v->directions : row % v->p->batch;
        d = v->p->batchwise ? row % v->directions : row / v->p->batch;
        o.lane = d * v->p->batch + b;
        o.turn = cake_rnn_length(v, o.lane) - 1;
    }
    return o;
}

/* The first turn of a lane that a change of that word touches; past every turn if none. */
static int64_t first_touched(const cake_rnn_data *v, const cake_reference *reference, const cake_place *changed,
                             int64_t lane)
{
    int64_t row, b = lane % v->p->batch, step;
    const double *values = changed ? reference->values[changed->tensor] : NULL;

    if (!changed)
        return v->p->steps;
    if (values == v->x) {
        row = changed->element / v->p->input;
        step = v->p->batchwise ? row % v->p->steps : row / v->p->batch;
        if (row != cake_rnn_row_of_x(v, lane, step) || step >= cake_rnn_length(v, lane))
            return v->p->steps;
        return cake_rnn_turn(v, lane, step);
    }
    if (values == v->lens)
        return changed->element == b ? 0 : v->p->steps;
    return changed->element / v->p->hidden == cake_rnn_row_of_state(v, lane) ? 0 : v->p->steps;
}

/* Every unit's state differs from the kept one by less than 1/64 of its bound: what remains of the change is lost
 * in it, and a recurrence with useful bounds lets differences shrink further. */
static bool settled(const cake_rnn_data *v, const cake_expected *found, const cake_expected *kept)
{
    for (int64_t j = 0; found && j < v->p->hidden; j++)
        if (!(fabs(found[j].value - kept[j].value) <= found[j].bound / 64))
            return false;
    return true;
}

/* Run a lane again from a turn on. After a change of its length, to the end: no kept state is at its place. */
static void run_again(const cake_rnn_data *v, const rnn_memo *memo, rerun *again, bool moved)
{
    int64_t n = v->p->hidden;
    cake_rnn_trace kept = cake_rnn_trace_of_lane(v, memo->trace, again->lane), trace = again->trace;
    cake_rnn_row row = cake_rnn_row_begin(v);
    bool done = false;

    for (again->end = again->first; !done && again->end < cake_rnn_length(v, again->lane); again->end++) {
        int64_t turn = again->end, at = turn * n;

        cake_rnn_load(v, again->lane, turn, turn == again->first ? kept : trace, &row);
        cake_rnn_step(v, again->lane / v->p->batch, &row, 1, 0, n);
        cake_rnn_store(v, turn, &row, trace);
        done = !moved && settled(v, trace.h + at, kept.h + at) &&
               settled(v, trace.c ? trace.c + at : NULL, kept.c ? kept.c + at : NULL);
    }
    cake_rnn_row_end(row);
}

static cake_expected state_at(cake_rnn_trace trace, origin o, int64_t hidden)
{
    return (o.of_c ? trace.c : trace.h)[o.turn * hidden + o.unit];
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_rnn_data v = cake_rnn_data_of(reference);
    rnn_memo *memo = reference->memo;
    rerun *again = &memo->again;
    origin o = find_origin(&v, reference, output);
    int64_t touched = first_touched(&v, reference, changed, o.lane);
    bool moved = changed && v.lens && reference->values[changed->tensor] == v.lens;
    cake_expected state;

    if (o.turn < 0) /* no step at all: the state that was given */
        return last_state(reference, 0, NULL, o.of_c ? v.c0 : v.h0, output.element);
    if (o.turn >= v.p->steps)
        return (cake_expected){0, 0};
    if (o.turn < touched) {
        state = state_at(cake_rnn_trace_of_lane(&v, memo->trace, o.lane), o, v.p->hidden);
    } else if (o.turn == touched && !moved) {
        cake_rnn_row row = cake_rnn_row_begin(&v);

        cake_rnn_load(&v, o.lane, o.turn, cake_rnn_trace_of_lane(&v, memo->trace, o.lane), &row);
        cake_rnn_step(&v, o.lane / v.p->batch, &row, 1, o.unit, o.unit + 1);
        state = o.of_c ? (cake_expected){row.after.c[o.unit], row.after.ec[o.unit]}
                       : (cake_expected){row.after.h[o.unit], row.after.eh[o.unit]};
        cake_rnn_row_end(row);
    } else {
        double value = reference->values[changed->tensor][changed->element];

        if (again->lane != o.lane || again->changed.tensor != changed->tensor ||
            again->changed.element != changed->element || again->value != value) {
            again->changed = *changed;
            again->value = value;
            again->lane = o.lane;
            again->first = touched;
            run_again(&v, memo, again, moved);
        }
        state = state_at(o.turn < again->end ? again->trace : cake_rnn_trace_of_lane(&v, memo->trace, o.lane), o,
                         v.p->hidden);
    }
    return cake_expect(reference, state.value, state.bound);
}

/* A word of x at the element's own step, which costs one unit to follow: of a few drawn, the one with the largest
 * weights. None where the element is 0 because of its row's length or because a relu is off. */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_rnn_data v = cake_rnn_data_of(reference);
    origin o = find_origin(&v, reference, output);
    int64_t input = v.p->input, best = 0;
    double largest = -1;

    if (o.turn < 0 || o.turn >= v.p->steps || element(reference, NULL, output).value == 0)
        return (cake_place){.tensor = -1};
    for (int tries = 0; tries < 4; tries++) {
        int64_t word = (int64_t)cake_random_below(random, (uint64_t)input);
        double sum = 0;

        for (int64_t g = 0; g < v.gates; g++) {
            int64_t unit = (o.lane / v.p->batch * v.gates + g) * v.p->hidden + o.unit;

            sum += fabs(v.w[unit * input + word]);
        }
        if (sum > largest) {
            largest = sum;
            best = word;
        }
    }
    return (cake_place){cake_tensor_index(&reference->tensors, "x"),
                        cake_rnn_row_of_x(&v, o.lane, cake_rnn_turn(&v, o.lane, o.turn)) * input + best};
}

const cake_op cake_op_rnn = {
    .name = "rnn",
    .family = "recurrent",
    .summary = "recurrent layer: tanh or relu, LSTM, GRU; one or both directions",
    .params_size = sizeof(cake_rnn),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = cake_never_exact,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
    .prepare = prepare,
    .release = release,
};
