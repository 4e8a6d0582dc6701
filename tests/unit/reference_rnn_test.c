#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "naive_check.h"

#define RNN(...) ((cake_rnn){.struct_size = sizeof(cake_rnn), __VA_ARGS__})

static void set(evaluation *e, const char *name, const double *values, size_t count)
{
    memcpy(tensor_values(e, name), values, count * sizeof *values);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static void expect(const evaluation *e, int output, int64_t element, double value)
{
    cr_expect_float_eq(e->expected[output][element].value, value, 1e-14,
                       "output %d[%ld]: expected %.15g, found %.15g", output, (long)element, value,
                       e->expected[output][element].value);
}

Test(rnn, tanh_by_hand)
{
    cake_rnn p = RNN(.cell = CAKE_RNN_TANH, .bias = 1, .steps = 2, .batch = 1, .input = 2, .hidden = 1);
    evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 1);
    double h1 = tanh(0.5 * 1 - 0.25 * 2 + 0.1 + 0.2), h2 = tanh(0.5 * 3 - 0.25 * 4 + 0.7 * h1 + 0.1 + 0.2);

    set(&e, "x", (double[]){1, 2, 3, 4}, 4);
    set(&e, "w", (double[]){0.5, -0.25}, 2);
    set(&e, "r", (double[]){0.7}, 1);
    set(&e, "b", (double[]){0.1, 0.2}, 2);
    evaluate_again(&e);
    expect(&e, 0, 0, h1);
    expect(&e, 0, 1, h2);
    expect(&e, 1, 0, h2);
    evaluation_free(&e);
}

/* Gates i, o, f, c have the weights 1, 2, 3, 4 on x = 0.5, the recurrent weights 0.1, 0.2, 0.3, 0.4. */
Test(rnn, lstm_by_hand_with_gates_in_the_order_i_o_f_c)
{
    cake_rnn p = RNN(.cell = CAKE_RNN_LSTM, .initial_state = 1, .peepholes = 1, .steps = 1, .batch = 1, .input = 1,
                     .hidden = 1);
    evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 1);
    double h0 = 0.25, c0 = -0.5, pi = 0.6, po = 0.7, pf = 0.8, i, o, f, c;

    set(&e, "x", (double[]){0.5}, 1);
    set(&e, "h0", &h0, 1);
    set(&e, "c0", &c0, 1);
    set(&e, "w", (double[]){1, 2, 3, 4}, 4);
    set(&e, "r", (double[]){0.1, 0.2, 0.3, 0.4}, 4);
    set(&e, "p", (double[]){pi, po, pf}, 3);
    evaluate_again(&e);
    i = sigmoid(0.5 + 0.1 * h0 + pi * c0);
    f = sigmoid(1.5 + 0.3 * h0 + pf * c0);
    c = f * c0 + i * tanh(2 + 0.4 * h0);
    o = sigmoid(1 + 0.2 * h0 + po * c);
    expect(&e, 0, 0, o * tanh(c));
    expect(&e, 1, 0, o * tanh(c));
    expect(&e, 2, 0, c);
    evaluation_free(&e);
}

/* Gates z, r, h; two units, so that the order of reset and product matters. */
Test(rnn, gru_by_hand_in_both_variants)
{
    const double x = 0.5, h[2] = {0.25, -0.75}, w[6] = {1, -1, 2, -2, 0.5, 0.7};
    const double r[12] = {.1, .2, .3, .4, .5, .6, .7, .8, .9, -1, -1.1, 1.2};
    const double b[12] = {.01, .02, .03, .04, .05, .06, .07, .08, .09, .11, .12, .13};

    for (int32_t linear = 0; linear < 2; linear++) {
        cake_rnn p = RNN(.cell = CAKE_RNN_GRU, .initial_state = 1, .bias = 1, .linear_before_reset = linear,
                         .steps = 1, .batch = 1, .input = 1, .hidden = 2);
        evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 1);
        double z[2], reset[2];

        set(&e, "x", &x, 1);
        set(&e, "h0", h, 2);
        set(&e, "w", w, 6);
        set(&e, "r", r, 12);
        set(&e, "b", b, 12);
        evaluate_again(&e);
        for (int j = 0; j < 2; j++) {
            z[j] = sigmoid(w[j] * x + r[2 * j] * h[0] + r[2 * j + 1] * h[1] + b[j] + b[6 + j]);
            reset[j] = sigmoid(w[2 + j] * x + r[4 + 2 * j] * h[0] + r[5 + 2 * j] * h[1] + b[2 + j] + b[8 + j]);
        }
        for (int j = 0; j < 2; j++) {
            double product = r[8 + 2 * j] * h[0] + r[9 + 2 * j] * h[1];
            double of_reset = r[8 + 2 * j] * reset[0] * h[0] + r[9 + 2 * j] * reset[1] * h[1];
            double n =
                tanh(w[4 + j] * x + b[4 + j] + (linear ? reset[j] * (product + b[10 + j]) : of_reset + b[10 + j]));

            expect(&e, 0, j, (1 - z[j]) * n + z[j] * h[j]);
        }
        evaluation_free(&e);
    }
}

/* Each function of -3, -0.25, 0.25 and 3, worked out to ten digits by other means. */
Test(rnn, functions)
{
    static const double x[4] = {-3, -0.25, 0.25, 3};
    static const struct {
        const char *f;
        double value[4];
    } table[] = {
        {"sigmoid", {0.0474258732, 0.4378234991, 0.5621765009, 0.9525741268}},
        {"tanh", {-0.9950547537, -0.2449186624, 0.2449186624, 0.9950547537}},
        {"relu", {0, 0, 0.25, 3}},
        {"affine f_alpha=2 f_beta=-0.5", {-6.5, -1, 0, 5.5}},
        {"leaky_relu f_alpha=0.1", {-0.3, -0.025, 0.25, 3}},
        {"thresholded_relu f_alpha=0.25", {0, 0, 0.25, 3}},
        {"scaled_tanh f_alpha=2 f_beta=0.5", {-1.8102965073, -0.2487060035, 0.2487060035, 1.8102965073}},
        {"hard_sigmoid f_alpha=0.2 f_beta=0.5", {0, 0.45, 0.55, 1}},
        {"elu f_alpha=2", {-1.9004258633, -0.4423984339, 0.25, 3}},
        {"softsign", {-0.75, -0.2, 0.2, 0.75}},
        {"softplus", {0.0485873516, 0.5759394198, 0.8259394198, 3.0485873516}},
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char line[128];
        evaluation e;

        snprintf(line, sizeof line, "rnn cell=tanh steps=1 batch=4 input=1 hidden=1 f=%s", table[i].f);
        e = evaluate_line(line, CAKE_STANDARD, 1);
        set(&e, "x", x, 4);
        set(&e, "w", (double[]){1}, 1);
        evaluate_again(&e);
        for (int k = 0; k < 4; k++)
            cr_expect_float_eq(e.expected[0][k].value, table[i].value[k], 1e-10, "%s of %g: %.11g", table[i].f, x[k],
                               e.expected[0][k].value);
        evaluation_free(&e);
    }
}

/* i, o, f = relu, the candidate twice itself, h the softsign of c'; coupled: f is 1 - i. */
Test(rnn, lstm_with_other_functions_and_coupled_gates)
{
    for (int coupled = 0; coupled < 2; coupled++) {
        char line[128];
        evaluation e;
        double c = (coupled ? 1 - 0.25 : 0.75) * 2 + 0.25 * 2 * 1;

        snprintf(line, sizeof line,
                 "rnn cell=lstm steps=1 input=1 hidden=1 initial_state=1 f=relu g=affine g_alpha=2 h=softsign "
                 "input_forget=%d",
                 coupled);
        e = evaluate_line(line, CAKE_STANDARD, 1);
        set(&e, "x", (double[]){1}, 1);
        set(&e, "h0", (double[]){0}, 1);
        set(&e, "c0", (double[]){2}, 1);
        set(&e, "w", (double[]){0.25, 0.5, 0.75, 1}, 4);
        evaluate_again(&e);
        expect(&e, 0, 0, 0.5 * c / (1 + c));
        expect(&e, 2, 0, c);
        evaluation_free(&e);
    }
}

/* z = 2 and r = 3, beyond what a sigmoid gives; the candidate is x + r h. */
Test(rnn, gru_with_other_functions)
{
    evaluation e = evaluate_line("rnn cell=gru steps=1 input=1 hidden=1 initial_state=1 f=relu g=affine g_alpha=1",
                                 CAKE_STANDARD, 1);

    set(&e, "x", (double[]){1}, 1);
    set(&e, "h0", (double[]){0.5}, 1);
    set(&e, "w", (double[]){2, 3, 1}, 3);
    set(&e, "r", (double[]){0, 0, 1}, 3);
    evaluate_again(&e);
    expect(&e, 0, 0, (1 - 2) * (1 + 3 * 0.5) + 2 * 0.5);
    evaluation_free(&e);
}

Test(rnn, clip_limits_arguments)
{
    cake_rnn p = RNN(.cell = CAKE_RNN_RELU, .steps = 2, .batch = 1, .input = 1, .hidden = 1, .clip = 1.5);
    evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 1);

    set(&e, "x", (double[]){9, -9}, 2);
    set(&e, "w", (double[]){1}, 1);
    evaluate_again(&e);
    expect(&e, 0, 0, 1.5);
    expect(&e, 0, 1, 0);
    evaluation_free(&e);
}

/* Bidirectional = its two directions, each alone; the reverse one = forward on the sequence turned round. */
Test(rnn, directions)
{
    cake_rnn both = RNN(.cell = CAKE_RNN_TANH, .direction = CAKE_RNN_BIDIRECTIONAL, .steps = 4, .batch = 2,
                        .input = 3, .hidden = 5);
    cake_rnn one = both;
    evaluation e = evaluate("rnn", &both, CAKE_STANDARD, 3), f;

    for (int d = 0; d < 2; d++) {
        one.direction = CAKE_RNN_FORWARD;
        f = evaluate("rnn", &one, CAKE_STANDARD, 1);
        for (int s = 0; s < 4; s++)
            memcpy(tensor_values(&f, "x") + s * 6, tensor_values(&e, "x") + (d ? 3 - s : s) * 6, 6 * sizeof(double));
        memcpy(tensor_values(&f, "w"), tensor_values(&e, "w") + d * 15, 15 * sizeof(double));
        memcpy(tensor_values(&f, "r"), tensor_values(&e, "r") + d * 25, 25 * sizeof(double));
        evaluate_again(&f);
        for (int s = 0; s < 4; s++)
            for (int i = 0; i < 10; i++)
                expect(&e, 0, ((d ? 3 - s : s) * 2 + d) * 10 + i, f.expected[0][s * 10 + i].value);
        for (int i = 0; i < 10; i++)
            expect(&e, 1, d * 10 + i, f.expected[1][i].value);
        evaluation_free(&f);
    }
    evaluation_free(&e);
}

/* A row of length n gives what a sequence of n steps gives, and 0 beyond. */
Test(rnn, sequence_lens)
{
    cake_rnn p = RNN(.cell = CAKE_RNN_LSTM, .direction = CAKE_RNN_REVERSE, .initial_state = 1, .sequence_lens = 1,
                     .steps = 4, .batch = 3, .input = 2, .hidden = 3);
    cake_rnn cut = p;
    evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 3), f;

    set(&e, "lens", (double[]){4, 0, 2}, 3);
    evaluate_again(&e);
    cut.sequence_lens = 0;
    cut.steps = 2;
    f = evaluate("rnn", &cut, CAKE_STANDARD, 3);
    for (int t = 0; t < 6; t++)
        if (f.values[t])
            memcpy(f.values[t], e.values[t < 3 ? t : t + 1],
                   sizeof(double) * (size_t)cake_spec_elements(&f.reference.tensors.tensor[t]));
    evaluate_again(&f);
    for (int j = 0; j < 3; j++) {
        for (int s = 0; s < 2; s++)
            expect(&e, 0, (s * 3 + 2) * 3 + j, f.expected[0][(s * 3 + 2) * 3 + j].value);
        expect(&e, 0, (2 * 3 + 2) * 3 + j, 0);
        expect(&e, 0, (0 * 3 + 1) * 3 + j, 0);
        expect(&e, 1, 2 * 3 + j, f.expected[1][2 * 3 + j].value);
        expect(&e, 1, 1 * 3 + j, tensor_values(&e, "h0")[1 * 3 + j]);
        expect(&e, 2, 1 * 3 + j, tensor_values(&e, "c0")[1 * 3 + j]);
    }
    evaluation_free(&e);
    evaluation_free(&f);
}

Test(rnn, batchwise_is_the_same_in_another_order)
{
    cake_rnn p = RNN(.cell = CAKE_RNN_GRU, .direction = CAKE_RNN_BIDIRECTIONAL, .initial_state = 1, .steps = 4,
                     .batch = 3, .input = 2, .hidden = 5);
    cake_rnn q = p;
    evaluation e = evaluate("rnn", &p, CAKE_STANDARD, 3), f;

    q.batchwise = 1;
    f = evaluate("rnn", &q, CAKE_STANDARD, 4);
    for (int b = 0; b < 3; b++) {
        for (int s = 0; s < 4; s++)
            for (int i = 0; i < 2; i++)
                tensor_values(&f, "x")[(b * 4 + s) * 2 + i] = tensor_values(&e, "x")[(s * 3 + b) * 2 + i];
        for (int d = 0; d < 2; d++)
            for (int j = 0; j < 5; j++)
                tensor_values(&f, "h0")[(b * 2 + d) * 5 + j] = tensor_values(&e, "h0")[(d * 3 + b) * 5 + j];
    }
    for (int t = 2; t < 4; t++)
        memcpy(f.values[t], e.values[t], sizeof(double) * (size_t)cake_spec_elements(&e.reference.tensors.tensor[t]));
    evaluate_again(&f);
    for (int b = 0; b < 3; b++)
        for (int d = 0; d < 2; d++)
            for (int j = 0; j < 5; j++) {
                for (int s = 0; s < 4; s++)
                    expect(&f, 0, ((b * 4 + s) * 2 + d) * 5 + j, e.expected[0][((s * 2 + d) * 3 + b) * 5 + j].value);
                expect(&f, 1, (b * 2 + d) * 5 + j, e.expected[1][(d * 3 + b) * 5 + j].value);
            }
    evaluation_free(&e);
    evaluation_free(&f);
}

static cake_rnn awkward[] = {
    RNN(.cell = CAKE_RNN_TANH, .steps = 5, .batch = 3, .input = 7, .hidden = 6, .bias = 1),
    RNN(.cell = CAKE_RNN_RELU, .direction = CAKE_RNN_REVERSE, .steps = 4, .batch = 10, .input = 3, .hidden = 9),
    RNN(.cell = CAKE_RNN_LSTM, .direction = CAKE_RNN_BIDIRECTIONAL, .steps = 3, .batch = 2, .input = 5, .hidden = 4,
        .bias = 1, .initial_state = 1, .peepholes = 1),
    RNN(.cell = CAKE_RNN_GRU, .direction = CAKE_RNN_BIDIRECTIONAL, .steps = 4, .batch = 9, .input = 5, .hidden = 3,
        .bias = 1, .initial_state = 1, .batchwise = 1),
    RNN(.cell = CAKE_RNN_GRU, .direction = CAKE_RNN_REVERSE, .steps = 4, .batch = 2, .input = 5, .hidden = 7,
        .linear_before_reset = 1, .initial_state = 1, .sequence_lens = 1),
    RNN(.cell = CAKE_RNN_LSTM, .steps = 1, .batch = 1, .input = 1, .hidden = 1, .clip = 0.25),
    RNN(.cell = CAKE_RNN_GRU, .steps = 80, .batch = 1, .input = 4, .hidden = 12), /* forgets a change on the way */
};
enum { AWKWARD = sizeof awkward / sizeof *awkward };

Test(rnn, elements_agree)
{
    for (int i = 0; i < AWKWARD; i++) {
        evaluation e = evaluate("rnn", &awkward[i], CAKE_STANDARD, 7);

        check_elements(&e, 400, awkward[i].clip == 0);
        evaluation_free(&e);
    }
}

/* After each word of each input changed in turn, every output's element equals a fresh evaluation. */
Test(rnn, elements_follow_every_change)
{
    for (int i = 0; i < AWKWARD; i++) {
        evaluation e = evaluate("rnn", &awkward[i], CAKE_STANDARD, 7);
        cake_random random = {5};
        int inputs = 0;

        while (e.reference.tensors.tensor[inputs].role == CAKE_ROLE_INPUT)
            inputs++;
        for (int n = 0; n < 25; n++) {
            int tensor = (int)cake_random_below(&random, (uint64_t)inputs);
            const cake_tensor_spec *spec = &e.reference.tensors.tensor[tensor];
            cake_place word = {tensor, (int64_t)cake_random_below(&random, (uint64_t)cake_spec_elements(spec))};
            double *value = &e.values[tensor][word.element], old = *value;
            evaluation fresh = e;
            cake_error error;

            *value = spec->fill == CAKE_FILL_INDEX ? fmod(old + 2, (double)spec->limit) : old + 0.5;
            cr_assert_eq(cake_reference_begin(&fresh.reference, e.reference.op, &awkward[i], CAKE_F32, CAKE_STANDARD,
                                              e.values, &error),
                         CAKE_OK);
            for (int o = 0; o < e.outputs; o++)
                for (int64_t k = 0; k < e.count[o]; k++) {
                    cake_place place = {output_tensor(&e, o), k};
                    cake_expected found = e.reference.op->element(&e.reference, &word, place);
                    cake_expected right = e.reference.op->element(&fresh.reference, NULL, place);

                    cr_assert(fabs(found.value - right.value) <= right.bound / 32 + 1e-14,
                              "rnn %d, %s[%ld] changed, output %d[%ld]: %.15g, fresh %.15g", i, spec->name,
                              (long)word.element, o, (long)k, found.value, right.value);
                    cr_assert(found.bound >= 0.9 * right.bound && found.bound <= 1.1 * right.bound + 1e-14);
                }
            cake_reference_end(&fresh.reference);
            *value = old;
        }
        evaluation_free(&e);
    }
}

/* A naive kernel in f32 of the forward direction of one row, gates from rounded sums; `low` rounds the state to bf16,
 * `dropped` steps do nothing. */
static float bf16(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u;
    memcpy(&x, &bits, sizeof x);
    return x;
}

typedef struct kernel_data {
    const cake_rnn *p;
    const float *x, *w, *r;
} kernel_data;

static float gate(const kernel_data *k, int64_t g, int64_t j, const float *x, const float *h)
{
    int64_t unit = g * k->p->hidden + j;
    float sum = 0;

    for (int64_t i = 0; i < k->p->input; i++)
        sum += k->w[unit * k->p->input + i] * x[i];
    for (int64_t i = 0; i < k->p->hidden; i++)
        sum += k->r[unit * k->p->hidden + i] * h[i];
    return sum;
}

static float sigmoidf(float x)
{
    return 1 / (1 + expf(-x));
}

static float tanh_by_exp(float x)
{
    return 2 * sigmoidf(2 * x) - 1;
}

static float *kernel(const kernel_data *k, bool low, int64_t dropped)
{
    const cake_rnn *p = k->p;
    float *y = calloc((size_t)(p->steps * p->hidden), sizeof *y), *zero = calloc((size_t)p->hidden, sizeof *zero);
    float *c = calloc((size_t)p->hidden, sizeof *c), *rh = calloc((size_t)p->hidden, sizeof *rh), *h = zero;

    for (int64_t s = 0; s < p->steps; s++) {
        const float *x = k->x + s * p->input;
        float *next = y + s * p->hidden;

        for (int64_t j = 0; j < p->hidden && p->cell == CAKE_RNN_GRU; j++)
            rh[j] = sigmoidf(gate(k, 1, j, x, h)) * h[j];
        for (int64_t j = 0; j < p->hidden; j++) {
            if (s == dropped) {
                next[j] = h[j];
            } else if (p->cell == CAKE_RNN_LSTM) {
                c[j] = sigmoidf(gate(k, 2, j, x, h)) * c[j] +
                       sigmoidf(gate(k, 0, j, x, h)) * tanh_by_exp(gate(k, 3, j, x, h));
                next[j] = sigmoidf(gate(k, 1, j, x, h)) * tanh_by_exp(c[j]);
            } else if (p->cell == CAKE_RNN_GRU) {
                float z = sigmoidf(gate(k, 0, j, x, h)), n = tanh_by_exp(gate(k, 2, j, x, rh));

                next[j] = n + z * (h[j] - n);
            } else {
                next[j] = p->cell == CAKE_RNN_RELU ? fmaxf(gate(k, 0, j, x, h), 0) : tanh_by_exp(gate(k, 0, j, x, h));
            }
            next[j] = low ? bf16(next[j]) : next[j];
        }
        h = next;
    }
    free(c), free(rh), free(zero);
    return y;
}

Test(rnn, bound_stays_useful_through_many_steps)
{
    cake_rnn some[] = {
        RNN(.cell = CAKE_RNN_TANH, .steps = 100, .batch = 1, .input = 128, .hidden = 128),
        RNN(.cell = CAKE_RNN_RELU, .steps = 50, .batch = 1, .input = 176, .hidden = 176),
        RNN(.cell = CAKE_RNN_LSTM, .steps = 150, .batch = 1, .input = 128, .hidden = 128),
        RNN(.cell = CAKE_RNN_LSTM, .steps = 25, .batch = 1, .input = 256, .hidden = 256),
        RNN(.cell = CAKE_RNN_GRU, .steps = 150, .batch = 1, .input = 128, .hidden = 128),
    };

    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        cake_rnn *p = &some[i];
        evaluation e = evaluate("rnn", p, CAKE_STANDARD, 3);
        float *x = as_f32(&e, "x"), *w = as_f32(&e, "w"), *r = as_f32(&e, "r");
        kernel_data k = {p, x, w, r};
        float *right = kernel(&k, false, -1), *low = kernel(&k, true, -1), *drop = kernel(&k, false, p->steps - 1);
        float *zeros = calloc((size_t)e.count[0], sizeof *zeros);
        cake_expected first = e.expected[0][0], last = e.expected[0][e.count[0] - 1];
        double first_bound = 0, last_bound = 0;

        for (int64_t j = 0; j < p->hidden; j++) {
            first_bound = fmax(first_bound, e.expected[0][j].bound);
            last_bound = fmax(last_bound, e.expected[0][e.count[0] - 1 - j].bound);
        }
        cr_log_info(
            "rnn %zu: right %.3f; bf16 state %.1f dropped step %.0f bounds; bound first %g last %g, values %g %g", i,
            worst_error(&e, 0, right), worst_error(&e, 0, low), worst_error(&e, 0, drop), first_bound, last_bound,
            first.value, last.value);
        cr_assert_not(rejects(&e, 0, right));
        cr_assert(rejects(&e, 0, low) && rejects(&e, 0, drop) && rejects(&e, 0, zeros));
        cr_assert(last_bound < 10 * first_bound);
        free(x), free(w), free(r), free(right), free(low), free(drop), free(zeros);
        evaluation_free(&e);
    }
}

Test(rnn, holds_and_catches)
{
    check_against_naive(
        (const char *[]){
            "rnn cell=tanh steps=20 batch=3 input=7 hidden=6 bias=1",
            "rnn cell=relu direction=reverse steps=4 batch=10 input=3 hidden=9 sequence_lens=1",
            "rnn cell=lstm direction=bidirectional steps=9 batch=2 input=5 hidden=4 bias=1 "
            "initial_state=1 peepholes=1 sequence_lens=1",
            "rnn cell=gru direction=bidirectional steps=7 batch=9 input=5 hidden=3 bias=1 initial_state=1 "
            "batchwise=1",
            "rnn cell=gru direction=reverse steps=5 batch=2 input=5 hidden=7 linear_before_reset=1 "
            "initial_state=1 sequence_lens=1 batchwise=1",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 f=sigmoid",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=softsign",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=softplus",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=affine f_alpha=0.7 f_beta=0.1",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=leaky_relu f_alpha=0.3",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=elu f_alpha=1.3",
            "rnn cell=tanh steps=3 batch=2 input=5 hidden=6 bias=1 f=scaled_tanh f_alpha=1.7 f_beta=0.66",
            "rnn cell=lstm steps=3 batch=2 input=5 hidden=6 bias=1 input_forget=1 f=hard_sigmoid f_alpha=0.2 "
            "f_beta=0.5",
            "rnn cell=gru steps=3 batch=2 input=5 hidden=6 bias=1 f=elu f_alpha=1 g=softsign",
            "rnn cell=lstm steps=3 batch=2 input=5 hidden=6 bias=1 initial_state=1 f=softplus g=relu h=softsign",
            NULL},
        &naive_rnn, true);
    /* A clipped unit does not feel a change. */
    check_against_naive(
        (const char *[]){"rnn cell=gru steps=9 batch=3 input=5 hidden=6 bias=1 clip=0.25",
                         "rnn cell=tanh steps=3 batch=9 input=5 hidden=6 bias=1 f=thresholded_relu f_alpha=0.25",
                         NULL},
        &naive_rnn, false);
}

Test(rnn, refuses)
{
    cake_rnn reset =
        RNN(.cell = CAKE_RNN_LSTM, .linear_before_reset = 1, .steps = 1, .batch = 1, .input = 1, .hidden = 1);
    cake_rnn peep = RNN(.cell = CAKE_RNN_GRU, .peepholes = 1, .steps = 1, .batch = 1, .input = 1, .hidden = 1);
    cake_rnn large = RNN(.cell = CAKE_RNN_TANH, .steps = INT32_MAX, .batch = INT32_MAX, .input = 1, .hidden = 8);

    check_invalid("rnn", &reset, "linear_before_reset=1 is for cell=gru only");
    check_invalid("rnn", &peep, "peepholes=1 is for cell=lstm only");
    check_invalid_line("rnn cell=gru steps=1 input=1 hidden=1 input_forget=1",
                       "input_forget=1 is for cell=lstm only");
    check_invalid_line("rnn cell=tanh steps=1 input=1 hidden=1 g=relu", "g is for cell=lstm and cell=gru only");
    check_invalid_line("rnn cell=gru steps=1 input=1 hidden=1 h=relu", "h is for cell=lstm only");
    check_invalid_line("rnn cell=gru steps=1 input=1 hidden=1 g=relu g_alpha=2",
                       "g_alpha is for functions g that have an alpha only");
    check_invalid_line("rnn cell=lstm steps=1 input=1 hidden=1 h=elu h_alpha=2 h_beta=2",
                       "h_beta is for functions h that have a beta only");
    check_invalid("rnn", &large, "smaller than 2^62 bytes, found 'x'");
}
