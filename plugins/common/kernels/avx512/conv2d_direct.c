#include "common/vec/vec_avx512.h"

#include "common/kernels/conv2d_direct.inc.h"

const cake_phased cake_conv2d_direct_avx512 = {
    .can_run = cake_conv2d_direct_can_run,
    .open = conv_direct_open,
    .phases = conv_direct_phases,
    .items = conv_direct_items,
    .work = conv_direct_work,
    .close = conv_direct_close,
};

/* The same, pixels dealt out to the threads in place of panels. */
const cake_phased cake_conv2d_direct_pixels_avx512 = {
    .can_run = cake_conv2d_direct_can_run,
    .open = conv_direct_pixels_open,
    .phases = conv_direct_phases,
    .items = conv_direct_items,
    .work = conv_direct_work,
    .close = conv_direct_close,
};

/* The same, offered in nhwc for images of few channels, of which the output is the most: a pixel is one thread's. */
const cake_phased cake_conv2d_first_avx512 = {
    .can_run = cake_conv2d_first_can_run,
    .open = conv_direct_pixels_open,
    .phases = conv_direct_phases,
    .items = conv_direct_items,
    .work = conv_direct_work,
    .close = conv_direct_close,
};
