/* An image tensor as the convolution kernels see it: floats at
 *     n image + chan(c) + h row + w pixel,   chan(c) = c / VEC_LANES block + c % VEC_LANES
 * which holds for nhwc (block = VEC_LANES) and for the layout blocked by VEC_LANES channels. */
#ifndef LAYERCAKE_PLUGINS_COMMON_CONV2D_IMAGE_INC_H
#define LAYERCAKE_PLUGINS_COMMON_CONV2D_IMAGE_INC_H

#include <stdbool.h>
#include <stdint.h>

#include "layercake/plugin.h"

typedef struct conv_image {
    int64_t image, block, row, pixel;
    bool blocked;
} conv_image;

static inline conv_image conv_image_of(const cake_tensor *t)
{
    bool blocked = t->layout != CAKE_NHWC;

    return (conv_image){.image = t->stride[0],
                        .block = blocked ? t->stride[1] : VEC_LANES,
                        .row = t->stride[2],
                        .pixel = t->stride[3],
                        .blocked = blocked};
}

static inline int64_t conv_chan(const conv_image *i, int64_t c)
{
    return c / VEC_LANES * i->block + c % VEC_LANES;
}

#endif
