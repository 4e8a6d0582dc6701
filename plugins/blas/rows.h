/* What is no matrix product: softmax and the gates of recurrent cells, over rows of floats. One table an
 * instruction set, from one source (rows.inc.h over plugins/common/vec). */
#ifndef LAYERCAKE_PLUGINS_BLAS_ROWS_H
#define LAYERCAKE_PLUGINS_BLAS_ROWS_H

#include <stdint.h>

/* One batch element at one step. G gates of `hidden` values; gate sums come as the product with the input, the
 * product with the state, and the biases of both. h is the old state; c is updated; the new state goes to out. */
typedef struct blas_cell_row {
    int64_t hidden;
    const float *from_input, *from_state, *bias; /* [G hidden] */
    const float *state_bias; /* [hidden]: of the GRU's candidate alone, with linear_before_reset */
    const float *h;
    float *c, *out;
} blas_cell_row;

typedef struct blas_rows {
    /* row[i] = e^(row[i] + mask[i] - the largest of these); returns their sum. mask NULL: none. n > 0. */
    float (*softmax)(float *row, const float *mask, int64_t n);
    void (*scale)(float *row, float factor, int64_t n);

    void (*cell_tanh)(const blas_cell_row *row);
    void (*cell_relu)(const blas_cell_row *row);
    void (*cell_lstm)(const blas_cell_row *row);
    void (*cell_gru)(const blas_cell_row *row); /* linear_before_reset */
    /* The other GRU needs a product in between: out = r h first, then, with from_state's last gate the product
     * of that, the new state. */
    void (*gru_reset)(const blas_cell_row *row);
    void (*gru_update)(const blas_cell_row *row);
} blas_rows;

extern const blas_rows rows_portable, rows_avx2, rows_avx512;

#endif
