#include "common/vec/vec_avx512.h"

#include "common/kernels/group_norm.inc.h"

const cake_phased cake_group_norm_runs_avx512 = {
    .can_run = cake_group_norm_runs_can_run,
    .open = group_norm_open,
    .phases = group_norm_phases,
    .items = group_norm_items,
    .work = group_norm_work,
    .close = group_norm_close,
};
