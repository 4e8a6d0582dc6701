/* What the ops with attention over a sequence inside have in common: mha, mla, transformer_block, deepseek_block.
 *
 * Such an op makes of each position a row of keys and values, and then of each query's row and the keys of its batch
 * a row of output. `prepare` computes the rows of keys once, for all positions, and keeps them; a block is a few rows
 * of output; an element is its row, computed anew, after the one row of keys that a changed word touches was. */
#ifndef LAYERCAKE_REFERENCE_SEQUENCE_H
#define LAYERCAKE_REFERENCE_SEQUENCE_H

#include "reference/stage.h"

typedef struct cake_sequence {
    int64_t batch, q_len, kv_len; /* rows of queries and of keys in each of the batch */
    int64_t key_cols, out_cols;   /* lengths of a row of keys (and values), and of output */
    /* Rows row .. of the keys, counted over the batch, into `keys` (keys->rows of them). */
    void (*keys)(const cake_reference *reference, int64_t row, cake_stage *keys);
    /* Rows row .. row+rows-1 of output, all of one batch, from the keys of that batch; a new stage. */
    cake_stage (*rows)(const cake_reference *reference, int64_t row, int64_t rows, const cake_stage *keys);
    /* The row of keys that a word touches, or -1. */
    int64_t (*touched)(const cake_reference *reference, cake_place changed);
} cake_sequence;

/* Functions of a cake_op that has a `sequence`. */
void cake_sequence_block(const cake_reference *reference, int64_t index, cake_expected *const *expected);
cake_expected cake_sequence_element(const cake_reference *reference, const cake_place *changed, cake_place output);
cake_status cake_sequence_prepare(cake_reference *reference, cake_error *error);
void cake_sequence_release(cake_reference *reference);

/* How many blocks there are: what the op's `blocks` returns. */
int64_t cake_sequence_blocks(int64_t batch, int64_t q_len);

/* `influence` of a block with residual connections: a word of x at the element's position, its own, which they lead
 * straight to it, or any other. `cols`: words of a row of x and of the output. */
cake_place cake_sequence_own_row(cake_place output, int64_t cols, cake_random *random);

/* How many keys, from the first on, query i sees (attention.c). */
int64_t cake_visible_keys(int32_t causal, int64_t q_len, int64_t kv_len, int64_t i);

/* How many of all pairs of a query and a key that is. */
double cake_visible_pairs(int32_t causal, int64_t q_len, int64_t kv_len);

#endif
