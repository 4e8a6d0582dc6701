/* softmax: y[i] = exp(x[i] - m) / sum of exp(x[j] - m) along the axis, m the largest x; or its logarithm,
 * x[i] - m - log(sum)
 *
 * m changes nothing in exact arithmetic; it keeps exp from overflowing. */
#include <math.h>

#include "naive.h"

static void compute(const void *params, const naive_tensors *t)
{
    const cake_softmax *p = params;

    for (int64_t o = 0; o < p->outer; o++)
        for (int64_t i = 0; i < p->inner; i++) {
            const float *x = t->input[0] + o * p->axis * p->inner + i;
            float *y = t->output[0] + o * p->axis * p->inner + i;
            float largest = -INFINITY, sum = 0;

            for (int64_t a = 0; a < p->axis; a++)
                largest = fmaxf(largest, x[a * p->inner]);
            for (int64_t a = 0; a < p->axis; a++)
                sum += expf(x[a * p->inner] - largest);
            for (int64_t a = 0; a < p->axis; a++) {
                float above = x[a * p->inner] - largest;

                y[a * p->inner] = p->log ? above - logf(sum) : expf(above) / sum;
            }
        }
}

const naive_layer naive_softmax = {.compute = compute};
