/* What the pooling kernels share: the two reductions, and the windows' places inside the image. */
#ifndef LAYERCAKE_PLUGINS_COMMON_POOL2D_INC_H
#define LAYERCAKE_PLUGINS_COMMON_POOL2D_INC_H

#include <math.h>
#include <stdbool.h>

#include "common/kernels/kernels.h"
#include "common/kernels/workspace.h"
#include "common/vec/unroll.h"

VEC_INLINE vec pool2d_start(int avg)
{
    return avg ? vec_zero() : vec_set1(-INFINITY);
}

VEC_INLINE vec pool2d_join(int avg, vec a, vec b)
{
    return avg ? vec_add(a, b) : vec_max(a, b);
}

/* The places of window `at` of an axis that lie inside the image: kernel places begin .. end-1, the first at the
 * image's `first`; and how many places a mean counts. */
typedef struct pool2d_span {
    int64_t begin, end, first, counted;
} pool2d_span;

/* a / dil rounded up, a >= 0; without dilation no division, which would cost as much as a small window. */
static inline int64_t pool2d_places(int64_t a, int64_t dil)
{
    return dil == 1 ? a : (a + dil - 1) / dil;
}

static inline pool2d_span pool2d_window(int64_t at, int64_t stride, int64_t pad_begin, int64_t pad_end, int64_t dil,
                                        int64_t kernel, int64_t in, int count_pad)
{
    int64_t offset = at * stride - pad_begin;
    int64_t begin = offset < 0 ? pool2d_places(-offset, dil) : 0;
    int64_t end = offset < in ? pool2d_places(in - offset, dil) : 0;
    int64_t padded = pool2d_places(in + pad_end - offset, dil);

    end = end < kernel ? end : kernel;
    padded = padded < kernel ? padded : kernel;
    return (pool2d_span){begin, end, offset + begin * dil, count_pad ? padded : end - begin};
}

/* Is the only window the image itself, all of it counted and nothing else? */
static inline bool pool2d_is_whole(const cake_pool2d *p)
{
    return p->oh == 1 && p->ow == 1 && p->kh == p->ih && p->kw == p->iw && p->dil_h == 1 && p->dil_w == 1 &&
           p->pad_t == 0 && p->pad_l == 0 && (!p->count_pad || (p->pad_b == 0 && p->pad_r == 0));
}

/* Are all windows 2 x 2, side by side and inside the image? */
static inline bool pool2d_is_pairs(const cake_pool2d *p)
{
    return p->kh == 2 && p->kw == 2 && p->stride_h == 2 && p->stride_w == 2 && p->dil_h == 1 && p->dil_w == 1 &&
           p->pad_t == 0 && p->pad_l == 0 && 2 * p->oh <= p->ih && 2 * p->ow <= p->iw;
}

#endif
