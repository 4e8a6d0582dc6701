/* conv2d: y[n,o,p,q] = b[o] + sum over c, r, s of x[n, c, p stride - pad + r dil, q stride - pad + s dil] w[o,c,r,s]
 *
 * Cross-correlation of each image with oc filters; x is zero outside of the image. With groups, an output
 * channel sees only its group's ic/groups input channels; groups = ic is the depthwise convolution. */
#include "naive.h"

/* The filter of channel o, laid over the image so that its first tap is at (top, left), which may be outside. */
static float apply_filter(const cake_conv2d *p, const float *image, const float *filter, int64_t top, int64_t left)
{
    int64_t channels = p->ic / p->groups;
    float sum = 0;

    for (int64_t c = 0; c < channels; c++)
        for (int64_t r = 0; r < p->kh; r++)
            for (int64_t s = 0; s < p->kw; s++) {
                int64_t i = top + r * p->dil_h, j = left + s * p->dil_w;

                if (i >= 0 && i < p->ih && j >= 0 && j < p->iw)
                    sum += image[(c * p->ih + i) * p->iw + j] * filter[(c * p->kh + r) * p->kw + s];
            }
    return sum;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_conv2d *p = params;
    const float *x = t->input[0], *w = t->constant[0], *b = t->constant[1];
    int64_t channels = p->ic / p->groups; /* that a filter sees */
    float *y = t->output[0];

    for (int64_t n = 0; n < p->n; n++)
        for (int64_t o = 0; o < p->oc; o++) {
            int64_t group = o / (p->oc / p->groups);
            const float *image = x + (n * p->ic + group * channels) * p->ih * p->iw;
            const float *filter = w + o * channels * p->kh * p->kw;

            for (int64_t row = 0; row < p->oh; row++)
                for (int64_t col = 0; col < p->ow; col++)
                    *y++ = (p->bias ? b[o] : 0) +
                           apply_filter(p, image, filter, row * p->stride_h - p->pad_t, col * p->stride_w - p->pad_l);
        }
}

const naive_layer naive_conv2d = {.compute = compute};
