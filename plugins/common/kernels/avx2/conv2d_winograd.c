#include "common/vec/vec_avx2.h"

#include "common/kernels/conv2d_winograd.inc.h"

const cake_phased cake_conv2d_winograd2_avx2 = {
    .can_run = cake_conv2d_winograd_can_run,
    .open = conv_winograd2_open,
    .phases = conv_winograd_phases,
    .items = conv_winograd_items,
    .work = conv_winograd_work,
    .close = conv_winograd_close,
};

const cake_phased cake_conv2d_winograd4_avx2 = {
    .can_run = cake_conv2d_winograd_can_run,
    .open = conv_winograd4_open,
    .phases = conv_winograd_phases,
    .items = conv_winograd_items,
    .work = conv_winograd_work,
    .close = conv_winograd_close,
};
