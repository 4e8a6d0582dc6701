#include "common/vec/vec_portable.h"

#include "common/kernels/conv2d_bilinear.inc.h"
#include "common/kernels/linear_bilinear.inc.h"

const cake_phased cake_conv2d_strassen_portable = {
    .can_run = cake_conv2d_strassen_can_run,
    .open = conv_strassen_open,
    .phases = bilinear_phases,
    .items = bilinear_items,
    .work = bilinear_work,
    .close = bilinear_close,
};

const cake_phased cake_linear_strassen_portable = {
    .can_run = cake_linear_strassen_can_run,
    .open = linear_strassen_open,
    .phases = bilinear_phases,
    .items = bilinear_items,
    .work = bilinear_work,
    .close = bilinear_close,
};

const cake_phased cake_conv2d_hopcroft_kerr_portable = {
    .can_run = cake_conv2d_hopcroft_kerr_can_run,
    .open = conv_hopcroft_kerr_open,
    .phases = bilinear_phases,
    .items = bilinear_items,
    .work = bilinear_work,
    .close = bilinear_close,
};

const cake_phased cake_linear_hopcroft_kerr_portable = {
    .can_run = cake_linear_hopcroft_kerr_can_run,
    .open = linear_hopcroft_kerr_open,
    .phases = bilinear_phases,
    .items = bilinear_items,
    .work = bilinear_work,
    .close = bilinear_close,
};
