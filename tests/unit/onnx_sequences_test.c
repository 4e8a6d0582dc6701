/* Operators of sequences, from ONNX: each mapping by the line that it makes and by numbers worked out by hand. */
#include <criterion/criterion.h>

#include "onnx_model.h"

Test(onnx_sequences, gather_along_any_axis)
{
    onnx_begin("Gather", 13);
    onnx_int("axis", 1);
    onnx_input(FLOAT, DIMS(2, 3, 1), VALUES(1, 2, 3, 4, 5, 6));
    onnx_input(INT64, DIMS(2), VALUES(2, -3));
    onnx_output(FLOAT, DIMS(2, 2, 1), VALUES(3, 1, 6, 4));
    IS("embedding rows=2 vocab=3 dim=2");

    onnx_begin("Gather", 13);
    onnx_input(FLOAT, DIMS(2, 1), VALUES(1, 2));
    onnx_input(INT32, DIMS(1), VALUES(2));
    onnx_output(FLOAT, DIMS(1, 1), VALUES(1));
    onnx_broken("expected indices of 2 rows, found 2");
}

/* Four heads of two channels, the first two turned: position 1 of the caches, by a quarter. */
Test(onnx_sequences, rotary_with_positions_and_heads_in_rows)
{
    onnx_begin("RotaryEmbedding", 23);
    onnx_int("num_heads", 1);
    onnx_int("interleaved", 1);
    onnx_int("rotary_embedding_dim", 2);
    onnx_input(FLOAT, DIMS(1, 1, 3), VALUES(1, 2, 3));
    onnx_weight(FLOAT, DIMS(2, 1), VALUES(9, 0));
    onnx_weight(FLOAT, DIMS(2, 1), VALUES(9, 1));
    onnx_input(INT64, DIMS(1, 1), VALUES(1));
    onnx_output(FLOAT, DIMS(1, 1, 3), VALUES(-2, 1, 3));
    IS("rope heads=1 len=1 head_dim=3 rotary_dim=2 tables=1");
}
