#include "common/vec/vec_avx512.h"

#include "common/kernels/conv2d_depthwise.inc.h"

const cake_phased cake_conv2d_depthwise_avx512 = {
    .can_run = cake_conv2d_depthwise_can_run,
    .open = conv_depthwise_open,
    .phases = conv_depthwise_phases,
    .items = conv_depthwise_items,
    .work = conv_depthwise_work,
    .close = conv_depthwise_close,
};
