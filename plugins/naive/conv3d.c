/* conv3d: y[n,o,m,p,q] = b[o] + sum over c, t, r, s of w[o,c,t,r,s] x[n, c, i, j, k]
 * at i = m stride_d - pad_f + t dil_d, j = p stride_h - pad_t + r dil_h, k = q stride_w - pad_l + s dil_w
 *
 * conv2d with a depth; x is zero outside of the volume. */
#include "naive.h"

/* The filter laid over the volume so that its first tap is at (front, top, left), which may be outside. */
static float apply_filter(const cake_conv3d *p, const float *volume, const float *filter, int64_t front, int64_t top,
                          int64_t left)
{
    int64_t channels = p->ic / p->groups;
    float sum = 0;

    for (int64_t c = 0; c < channels; c++)
        for (int64_t t = 0; t < p->kd; t++)
            for (int64_t r = 0; r < p->kh; r++)
                for (int64_t s = 0; s < p->kw; s++) {
                    int64_t i = front + t * p->dil_d, j = top + r * p->dil_h, k = left + s * p->dil_w;

                    if (i >= 0 && i < p->id && j >= 0 && j < p->ih && k >= 0 && k < p->iw)
                        sum += volume[((c * p->id + i) * p->ih + j) * p->iw + k] *
                               filter[((c * p->kd + t) * p->kh + r) * p->kw + s];
                }
    return sum;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_conv3d *p = params;
    const float *x = t->input[0], *w = t->constant[0], *b = t->constant[1];
    int64_t channels = p->ic / p->groups; /* that a filter sees */
    float *y = t->output[0];

    for (int64_t n = 0; n < p->n; n++)
        for (int64_t o = 0; o < p->oc; o++) {
            int64_t group = o / (p->oc / p->groups);
            const float *volume = x + (n * p->ic + group * channels) * p->id * p->ih * p->iw;
            const float *filter = w + o * channels * p->kd * p->kh * p->kw;

            for (int64_t plane = 0; plane < p->od; plane++)
                for (int64_t row = 0; row < p->oh; row++)
                    for (int64_t col = 0; col < p->ow; col++)
                        *y++ = (p->bias ? b[o] : 0) + apply_filter(p, volume, filter, plane * p->stride_d - p->pad_f,
                                                                   row * p->stride_h - p->pad_t,
                                                                   col * p->stride_w - p->pad_l);
        }
}

const naive_layer naive_conv3d = {.compute = compute};
