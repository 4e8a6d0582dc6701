/* Tensors for people to read: what `layercake show` prints of them. */
#ifndef LAYERCAKE_CLI_SHOW_H
#define LAYERCAKE_CLI_SHOW_H

#include <stdio.h>

#include "plan/golden.h"

/* One tensor: its spec, its values (row-major), and what is expected of it (NULL: nothing). */
typedef struct cake_shown {
    const cake_tensor_spec *spec;
    const double *values;
    const cake_golden_tensor *expected;
} cake_shown;

/* Name and shape, then a grid of the last two dimensions (those of 1 left out), with the expected numbers to its
 * right; bytes (u8) as the text that they are. Large tensors are cut, and say so. */
void cake_show_tensor(const cake_shown *shown, FILE *out);

/* The tokens of a tokenize workload, each above its id. `reference` has been computed; `ids` are its output. */
void cake_show_tokens(const cake_reference *reference, const double *ids, FILE *out);

#endif
