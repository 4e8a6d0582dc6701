/* What the pooling kernels share: the two reductions, and the windows' places inside the image. */
#ifndef LAYERCAKE_PLUGINS_COMMON_POOL2D_INC_H
#define LAYERCAKE_PLUGINS_COMMON_POOL2D_INC_H

#include <math.h>

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

static inline pool2d_span pool2d_window(int64_t at, int64_t stride, int64_t pad_begin, int64_t pad_end, int64_t dil,
                                        int64_t kernel, int64_t in, int count_pad)
{
    int64_t offset = at * stride - pad_begin;
    int64_t begin = offset < 0 ? (-offset + dil - 1) / dil : 0;
    int64_t end = offset < in ? (in - offset + dil - 1) / dil : 0;
    int64_t padded = (in + pad_end - offset + dil - 1) / dil;

    end = end < kernel ? end : kernel;
    padded = padded < kernel ? padded : kernel;
    return (pool2d_span){begin, end, offset + begin * dil, count_pad ? padded : end - begin};
}

#endif
