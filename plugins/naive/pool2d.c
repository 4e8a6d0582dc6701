/* pool2d: y[n,c,p,q] = the largest value, or the mean, of the window whose first place is
 * (p stride_h - pad_t, q stride_w - pad_l)
 *
 * Places outside of the image never enter the maximum or the sum. The mean divides by the number of places
 * inside the image or, with count_pad, inside the image and its padding. indices: where in the channel the maximum
 * stands, the first of several. */
#include <math.h>

#include "naive.h"

static float pool_window(const cake_pool2d *p, const float *channel, int64_t top, int64_t left, int32_t *index)
{
    float largest = -INFINITY, sum = 0;
    int64_t count = 0;

    *index = -1;
    for (int64_t r = 0; r < p->kh; r++)
        for (int64_t s = 0; s < p->kw; s++) {
            int64_t i = top + r * p->dil_h, j = left + s * p->dil_w;

            if (i >= 0 && i < p->ih && j >= 0 && j < p->iw) {
                float value = channel[i * p->iw + j];

                if (value > largest || *index < 0) {
                    largest = value;
                    *index = (int32_t)(i * p->iw + j);
                }
                sum += value;
                count++;
            } else if (p->count_pad && i < p->ih + p->pad_b && j < p->iw + p->pad_r) {
                count++; /* in the padding; beyond it are places that only ceil_mode reaches */
            }
        }
    return p->kind == CAKE_POOL_MAX ? largest : sum / (float)count;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_pool2d *p = params;
    const float *x = t->input[0];
    float *y = t->output[0];
    int32_t *indices = p->indices ? (int32_t *)(void *)t->output[1] : NULL, index;

    for (int64_t c = 0; c < p->n * p->c; c++)
        for (int64_t row = 0; row < p->oh; row++)
            for (int64_t col = 0; col < p->ow; col++) {
                *y++ = pool_window(p, x + c * p->ih * p->iw, row * p->stride_h - p->pad_t,
                                   col * p->stride_w - p->pad_l, &index);
                if (indices)
                    *indices++ = index;
            }
}

const naive_layer naive_pool2d = {.compute = compute};
