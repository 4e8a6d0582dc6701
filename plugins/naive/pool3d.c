/* pool3d: y[n,c,m,p,q] = the largest value, or the mean, of the window whose first place is
 * (m stride_d - pad_f, p stride_h - pad_t, q stride_w - pad_l)
 *
 * pool2d with a depth: places outside of the volume never enter the maximum or the sum. */
#include <math.h>

#include "naive.h"

static float pool_window(const cake_pool3d *p, const float *channel, int64_t front, int64_t top, int64_t left,
                         int32_t *index)
{
    float largest = -INFINITY, sum = 0;
    int64_t count = 0;

    *index = -1;
    for (int64_t t = 0; t < p->kd; t++)
        for (int64_t r = 0; r < p->kh; r++)
            for (int64_t s = 0; s < p->kw; s++) {
                int64_t i = front + t * p->dil_d, j = top + r * p->dil_h, k = left + s * p->dil_w;

                if (i >= 0 && i < p->id && j >= 0 && j < p->ih && k >= 0 && k < p->iw) {
                    int64_t place = (i * p->ih + j) * p->iw + k;
                    float value = channel[place];

                    if (value > largest || *index < 0) {
                        largest = value;
                        *index = (int32_t)place;
                    }
                    sum += value;
                    count++;
                } else if (p->count_pad && i < p->id + p->pad_k && j < p->ih + p->pad_b && k < p->iw + p->pad_r) {
                    count++; /* in the padding; beyond it are places that only ceil_mode reaches */
                }
            }
    return p->kind == CAKE_POOL_MAX ? largest : sum / (float)count;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_pool3d *p = params;
    const float *x = t->input[0];
    float *y = t->output[0];
    int32_t *indices = p->indices ? (int32_t *)(void *)t->output[1] : NULL, index;

    for (int64_t c = 0; c < p->n * p->c; c++)
        for (int64_t plane = 0; plane < p->od; plane++)
            for (int64_t row = 0; row < p->oh; row++)
                for (int64_t col = 0; col < p->ow; col++) {
                    *y++ = pool_window(p, x + c * p->id * p->ih * p->iw, plane * p->stride_d - p->pad_f,
                                       row * p->stride_h - p->pad_t, col * p->stride_w - p->pad_l, &index);
                    if (indices)
                        *indices++ = index;
                }
}

const naive_layer naive_pool3d = {.compute = compute};
