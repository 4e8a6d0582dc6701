#include "common/vec/vec_avx2.h"

#include "common/kernels/row_norm.inc.h"

const cake_phased cake_layer_norm_rows_avx2 = {
    .can_run = cake_layer_norm_rows_can_run,
    .open = layer_norm_open,
    .phases = row_norm_phases,
    .items = row_norm_items,
    .work = row_norm_work,
    .close = row_norm_close,
};

const cake_phased cake_rms_norm_rows_avx2 = {
    .can_run = cake_rms_norm_rows_can_run,
    .open = rms_norm_open,
    .phases = row_norm_phases,
    .items = row_norm_items,
    .work = row_norm_work,
    .close = row_norm_close,
};
