/* One step of a recurrent layer, with the error that a correct kernel may have in its state after it.
 *
 * A pre-activation a = x wT + h rT + b of k = input + hidden terms is off by
 *     c(k + 2) u (sum |x w| + sum |h r| + |b|) + sqrt(sum (r eh)^2)
 * where eh are the bounds of the state before: the errors of different units are independent (carry.h says why
 * they are not just added up). Then the activation functions (rnn_function.c), and the products and sums of the cell's
 * formula, first order. A state may be handed on in the output's dtype: u_out |h| more in eh.
 *
 * With weights drawn from +-1/sqrt(fan-in), as the checks fill them, sqrt(sum r^2) is about 0.58, so a step shrinks
 * what it is handed and the bound settles within a few steps at a small multiple of one step's error. With weights
 * that expand (trained ones may) it grows as the true sensitivity does, until the activations' ranges stop it at the
 * size of the state itself; such late elements tell nothing, the early steps still do. */
#include <math.h>

#include "reference/rnn.h"

enum { LSTM_I, LSTM_O, LSTM_F, LSTM_C }; /* gate orders of ONNX */
enum { GRU_Z, GRU_R, GRU_H };
enum { PEEP_I, PEEP_O, PEEP_F };

static double wb(const cake_rnn_data *v, int64_t direction, int64_t unit)
{
    int64_t units = v->gates * v->p->hidden;

    return v->bias ? v->bias[direction * 2 * units + unit] : 0;
}

static double rb(const cake_rnn_data *v, int64_t direction, int64_t unit)
{
    int64_t units = v->gates * v->p->hidden;

    return v->bias ? v->bias[direction * 2 * units + units + unit] : 0;
}

/* x wT of row `unit` of the gates. */
static cake_carried dot_x(const cake_rnn_data *v, int64_t direction, int64_t unit, const double *x)
{
    int64_t input = v->p->input, units = v->gates * v->p->hidden;

    return cake_carry_dot(v->w + (direction * units + unit) * input, x, NULL, NULL, input);
}

/* h rT likewise; h may be the state or what the reset gate left of it. */
static cake_carried dot_h(const cake_rnn_data *v, int64_t direction, int64_t unit, const double *h, const double *eh)
{
    int64_t hidden = v->p->hidden, units = v->gates * hidden;

    return cake_carry_dot(v->r + (direction * units + unit) * hidden, h, eh, NULL, hidden);
}

/* Clamp to +-clip, where there is one. */
static cake_expected clip(const cake_rnn_data *v, cake_expected a)
{
    double limit = v->p->clip;

    if (!(limit > 0))
        return a;
    if (fabs(a.value) - a.bound > limit)
        a.bound = 0;
    a.value = fmin(fmax(a.value, -limit), limit);
    return a;
}

static cake_expected pre_activation(const cake_rnn_data *v, int64_t direction, int64_t unit, const double *x,
                                    const double *h, const double *eh)
{
    cake_carried of_x = dot_x(v, direction, unit, x), of_h = dot_h(v, direction, unit, h, eh);
    double b = wb(v, direction, unit), b2 = rb(v, direction, unit);
    double c = cake_bound_sum((double)(v->p->input + v->p->hidden) + 2, v->u);

    return (cake_expected){of_x.value + of_h.value + b + b2,
                           of_h.carried + c * (of_x.magnitude + of_h.magnitude + fabs(b) + fabs(b2))};
}

/* A gate whose pre-activation also looks at the cell state, if the LSTM has peepholes. */
static cake_expected peep(const cake_rnn_data *v, int64_t direction, int64_t which, int64_t unit, cake_expected a,
                          cake_expected c)
{
    int64_t hidden = v->p->hidden;
    cake_expected weight = {0, 0};

    if (!v->peep)
        return a;
    weight.value = v->peep[(direction * 3 + which) * hidden + unit];
    return cake_carry_add(a, cake_carry_mul(weight, c, v->u), v->u);
}

/* A function of a pre-activation, clamped first. */
static cake_expected activate(const cake_rnn_data *v, cake_rnn_function f, cake_expected a)
{
    return cake_rnn_apply(f, clip(v, a), v->u);
}

/* i, o, f = sigmoid(..), c' = f c + i tanh(..), h' = o tanh(c'); the output gate's peephole sees c'. Coupled gates:
 * f = 1 - i. */
static void lstm(const cake_rnn_data *v, int64_t direction, const cake_rnn_row *row, int64_t j)
{
    int64_t hidden = v->p->hidden;
    double u = v->u;
    cake_expected c = {row->before.c[j], row->before.ec[j]}, gate[4], input, forget, next, h;

    for (int64_t g = 0; g < 4; g++)
        gate[g] = pre_activation(v, direction, g * hidden + j, row->x, row->before.h, row->before.eh);
    input = activate(v, v->f, peep(v, direction, PEEP_I, j, gate[LSTM_I], c));
    if (v->p->input_forget)
        forget = cake_carry_add((cake_expected){1, 0}, (cake_expected){-input.value, input.bound}, u);
    else
        forget = activate(v, v->f, peep(v, direction, PEEP_F, j, gate[LSTM_F], c));
    next = cake_carry_add(cake_carry_mul(forget, c, u), cake_carry_mul(input, activate(v, v->g, gate[LSTM_C]), u), u);
    h = cake_carry_mul(activate(v, v->f, peep(v, direction, PEEP_O, j, gate[LSTM_O], next)),
                       cake_rnn_apply(v->h, next, u), u);
    row->after.c[j] = next.value;
    row->after.ec[j] = next.bound;
    row->after.h[j] = h.value;
    row->after.eh[j] = h.bound;
}

/* z, r = sigmoid(..), h' = (1 - z) n + z h = n + z (h - n). With other functions z may be beyond 0 .. 1. */
static void gru(const cake_rnn_data *v, int64_t direction, const cake_rnn_row *row, int64_t j)
{
    int64_t hidden = v->p->hidden, unit = GRU_H * hidden + j;
    double u = v->u;
    cake_expected h = {row->before.h[j], row->before.eh[j]};
    cake_expected z = pre_activation(v, direction, GRU_Z * hidden + j, row->x, row->before.h, row->before.eh), n;

    z = activate(v, v->f, z);
    if (v->p->linear_before_reset) {
        cake_expected r = pre_activation(v, direction, GRU_R * hidden + j, row->x, row->before.h, row->before.eh);
        cake_carried of_h = dot_h(v, direction, unit, row->before.h, row->before.eh);

        r = activate(v, v->f, r);
        n = cake_carry_sum(dot_x(v, direction, unit, row->x), wb(v, direction, unit), v->p->input, u);
        n = cake_carry_add(n, cake_carry_mul(r, cake_carry_sum(of_h, rb(v, direction, unit), hidden, u), u), u);
    } else {
        n = pre_activation(v, direction, unit, row->x, row->reset, row->reset_bound);
    }
    n = activate(v, v->g, n);
    row->after.h[j] = (1 - z.value) * n.value + z.value * h.value;
    row->after.eh[j] = z.bound * fabs(h.value - n.value) + fabs(1 - z.value) * n.bound + fabs(z.value) * h.bound +
                       4 * u * fmax(fabs(1 - z.value) + fabs(z.value), 1) * (fabs(n.value) + fabs(h.value));
}

/* r h of all units, which every unit's candidate needs. */
static void gru_reset(const cake_rnn_data *v, int64_t direction, const cake_rnn_row *row)
{
    for (int64_t j = 0; j < v->p->hidden; j++) {
        cake_expected h = {row->before.h[j], row->before.eh[j]};
        cake_expected r =
            pre_activation(v, direction, GRU_R * v->p->hidden + j, row->x, row->before.h, row->before.eh);

        r = cake_carry_mul(activate(v, v->f, r), h, v->u);
        row->reset[j] = r.value;
        row->reset_bound[j] = r.bound;
    }
}

static void simple(const cake_rnn_data *v, int64_t direction, const cake_rnn_row *row, int64_t j)
{
    cake_expected h = activate(v, v->f, pre_activation(v, direction, j, row->x, row->before.h, row->before.eh));

    row->after.h[j] = h.value;
    row->after.eh[j] = h.bound;
}

void cake_rnn_step(const cake_rnn_data *v, int64_t direction, cake_rnn_row *row, int64_t rows, int64_t begin,
                   int64_t end)
{
    if (v->p->cell == CAKE_RNN_GRU && !v->p->linear_before_reset)
        for (int64_t i = 0; i < rows; i++)
            gru_reset(v, direction, &row[i]);
    for (int64_t j = begin; j < end; j++)
        for (int64_t i = 0; i < rows; i++) {
            if (v->p->cell == CAKE_RNN_LSTM)
                lstm(v, direction, &row[i], j);
            else if (v->p->cell == CAKE_RNN_GRU)
                gru(v, direction, &row[i], j);
            else
                simple(v, direction, &row[i], j);
        }
}
