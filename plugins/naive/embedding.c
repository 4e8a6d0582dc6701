/* embedding: y[t] = table[ids[t]], the vector of each token */
#include <string.h>

#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_embedding *p = params;
    const int32_t *ids = (const void *)t->input[0];
    const float *table = t->constant[0];

    for (int64_t r = 0; r < p->rows; r++)
        memcpy(t->output[0] + r * p->dim, table + ids[r] * p->dim, (size_t)p->dim * sizeof *table);
}

const naive_layer naive_embedding = {.compute = compute};
