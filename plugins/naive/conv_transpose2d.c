/* conv_transpose2d: each place of x lays its filters, times its value, onto the output; where filters overlap they add up
 *
 * Place (i, j) of input channel c puts x w[c,o,r,s] at row i stride_h - pad_t + r dil_h and column
 * j stride_w - pad_l + s dil_w of output channel o; what falls outside of the output is cut off. */
#include "naive.h"

/* y += value times the filter, its first place at (top, left). */
static void lay_filter(const cake_conv_transpose2d *p, const float *filter, float value, int64_t top, int64_t left,
                       float *y)
{
    for (int64_t r = 0; r < p->kh; r++)
        for (int64_t s = 0; s < p->kw; s++) {
            int64_t row = top + r * p->dil_h, col = left + s * p->dil_w;

            if (row >= 0 && row < p->oh && col >= 0 && col < p->ow)
                y[row * p->ow + col] += value * filter[r * p->kw + s];
        }
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_conv_transpose2d *p = params;
    const float *x = t->input[0], *w = t->constant[0], *b = t->constant[1];
    int64_t channels = p->ic / p->groups, filters = p->oc / p->groups; /* of a group */

    for (int64_t n = 0; n < p->n; n++)
        for (int64_t o = 0; o < p->oc; o++) {
            float *y = t->output[0] + (n * p->oc + o) * p->oh * p->ow;

            for (int64_t i = 0; i < p->oh * p->ow; i++)
                y[i] = p->bias ? b[o] : 0;
            for (int64_t c = o / filters * channels; c < (o / filters + 1) * channels; c++)
                for (int64_t i = 0; i < p->ih; i++)
                    for (int64_t j = 0; j < p->iw; j++)
                        lay_filter(p, w + (c * filters + o % filters) * p->kh * p->kw,
                                   x[((n * p->ic + c) * p->ih + i) * p->iw + j], i * p->stride_h - p->pad_t,
                                   j * p->stride_w - p->pad_l, y);
        }
}

const naive_layer naive_conv_transpose2d = {.compute = compute};
