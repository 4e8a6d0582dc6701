/* linear: y[r,o] = b[o] + sum over i of x[r,i] w[o,i]
 *
 * The fully connected layer; w has a row for each output, as frameworks store it. */
#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_linear *p = params;
    const float *x = t->input[0], *w = t->constant[0], *b = t->constant[1];
    float *y = t->output[0];

    for (int64_t r = 0; r < p->rows; r++)
        for (int64_t o = 0; o < p->out; o++) {
            float sum = p->bias ? b[o] : 0;

            for (int64_t i = 0; i < p->in; i++)
                sum += x[r * p->in + i] * w[o * p->in + i];
            y[r * p->out + o] = sum;
        }
}

const naive_layer naive_linear = {.compute = compute};
