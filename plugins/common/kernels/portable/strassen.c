#include "common/vec/vec_portable.h"

#include "common/kernels/conv2d_strassen.inc.h"
#include "common/kernels/linear_strassen.inc.h"

const cake_phased cake_conv2d_strassen_portable = {
    .can_run = cake_conv2d_strassen_can_run,
    .open = conv_strassen_open,
    .phases = strassen_phases,
    .items = strassen_items,
    .work = strassen_work,
    .close = strassen_close,
};

const cake_phased cake_linear_strassen_portable = {
    .can_run = cake_linear_strassen_can_run,
    .open = linear_strassen_open,
    .phases = strassen_phases,
    .items = strassen_items,
    .work = strassen_work,
    .close = strassen_close,
};
