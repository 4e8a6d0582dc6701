/* Recurrent layers, from ONNX: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>
#include <math.h>

#include "onnx_model.h"

/* x = 1, w = 0: the state of relu(r h) with r = 2 doubles; row 1 of the batch has one step of two. */
Test(onnx_recurrent, rnn_with_lengths_states_and_layout)
{
    onnx_begin("RNN", 14);
    onnx_int("layout", 1);
    onnx_int("hidden_size", 1);
    onnx_text("direction", "reverse");
    onnx_input(FLOAT, DIMS(2, 2, 1), VALUES(1, 1, 1, 1));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(.5));
    onnx_absent();
    onnx_input(INT32, DIMS(2), VALUES(2, 1));
    onnx_input(FLOAT, DIMS(2, 1, 1), VALUES(0, 1));
    onnx_no_output();
    onnx_output(FLOAT, DIMS(2, 1, 1), VALUES(0, tanhf(.5F)));
    IS("rnn cell=tanh direction=reverse steps=2 batch=2 input=1 hidden=1 initial_state=1 sequence_lens=1 "
       "batchwise=1");

    onnx_begin("RNN", 14);
    onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_weight(FLOAT, DIMS(1, 1, 1), VALUES(0));
    onnx_absent();
    onnx_input(INT32, DIMS(1), VALUES(2));
    onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(0));
    onnx_broken("expected sequence_lens of at most 1 steps, found 2");
}

/* w = 0: gates of functions of the bias alone, 1 2 3 4 for i o f c, from c0 = 2. */
Test(onnx_recurrent, lstm_with_other_functions)
{
    for (int coupled = 0; coupled < 2; coupled++) {
        /* i, o, f = x / 8 within 0 .. 1; the candidate x / (1 + x) = 0.8, h = 2 c */
        double c = (coupled ? 1 - .125 : .375) * 2 + .125 * .8;

        onnx_begin("LSTM", 14);
        onnx_texts("activations", "hardsigmoid Softsign AFFINE");
        onnx_floats("activation_alpha", VALUES(.125, 2), 2);
        onnx_floats("activation_beta", VALUES(0), 1);
        if (coupled)
            onnx_int("input_forget", 1);
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
        onnx_weight(FLOAT, DIMS(1, 4, 1), VALUES(0, 0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 4, 1), VALUES(0, 0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 8), VALUES(1, 2, 3, 4, 0, 0, 0, 0));
        onnx_absent();
        onnx_absent();
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(2));
        onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(.25 * 2 * c));
        onnx_no_output();
        onnx_output(FLOAT, DIMS(1, 1, 1), VALUES(c));
        IS(coupled ? "rnn cell=lstm steps=1 input=1 hidden=1 bias=1 initial_state=1 input_forget=1 f=hard_sigmoid "
                     "f_alpha=0.125 g=softsign h=affine h_alpha=2"
                   : "rnn cell=lstm steps=1 input=1 hidden=1 bias=1 initial_state=1 f=hard_sigmoid f_alpha=0.125 "
                     "g=softsign h=affine h_alpha=2");
    }
}

/* Two directions of different functions are two layers: 1 2 forwards, and backwards twice as much, with relu for tanh.
 */
Test(onnx_recurrent, directions_with_functions_of_their_own)
{
    for (int batchwise = 0; batchwise < 2; batchwise++) {
        onnx_begin("RNN", 14);
        onnx_text("direction", "bidirectional");
        onnx_texts("activations", "Relu LeakyRelu");
        onnx_int("layout", batchwise);
        onnx_input(FLOAT, batchwise ? DIMS(1, 2, 1) : DIMS(2, 1, 1), VALUES(1, -2));
        onnx_weight(FLOAT, DIMS(2, 1, 1), VALUES(1, 2));
        onnx_weight(FLOAT, DIMS(2, 1, 1), VALUES(0, 1));
        onnx_output(FLOAT, batchwise ? DIMS(1, 2, 2, 1) : DIMS(2, 2, 1, 1), VALUES(1, 1.96, 0, -.04));
        onnx_output(FLOAT, batchwise ? DIMS(1, 2, 1) : DIMS(2, 1, 1), VALUES(0, 1.96));
        if (batchwise)
            IS("rnn cell=relu steps=2 input=1 hidden=1 batchwise=1",
               "rnn cell=relu direction=reverse steps=2 input=1 hidden=1 batchwise=1 f=leaky_relu f_alpha=0.01");
        else
            IS("rnn cell=relu steps=2 input=1 hidden=1",
               "rnn cell=relu direction=reverse steps=2 input=1 hidden=1 f=leaky_relu f_alpha=0.01");
    }
}

Test(onnx_recurrent, unknown_functions_and_too_few_are_broken)
{
    for (int few = 0; few < 2; few++) {
        onnx_begin("GRU", 14);
        onnx_texts("activations", few ? "Sigmoid" : "Sigmoid Sine");
        onnx_input(FLOAT, DIMS(1, 1, 1), VALUES(1));
        onnx_weight(FLOAT, DIMS(1, 3, 1), VALUES(0, 0, 0));
        onnx_weight(FLOAT, DIMS(1, 3, 1), VALUES(0, 0, 0));
        onnx_output(FLOAT, DIMS(1, 1, 1, 1), VALUES(0));
        onnx_broken(few ? "expected 2 activations, found 1"
                        : "expected an activation function of a recurrent layer, found 'Sine'");
    }
}
