#include "common/vec/vec_portable.h"

#include "common/kernels/activation_run.inc.h"

const cake_phased cake_activation_run_portable = {
    .can_run = cake_elementwise_can_run,
    .open = activation_run_open,
    .phases = activation_run_phases,
    .items = activation_run_items,
    .work = activation_run_work,
    .close = activation_run_close,
};
