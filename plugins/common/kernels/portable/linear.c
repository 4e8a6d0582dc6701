#include "common/vec/vec_portable.h"

#include "common/kernels/linear_packed.inc.h"

const cake_phased cake_linear_packed_portable = {
    .can_run = cake_linear_packed_can_run,
    .open = linear_packed_open,
    .phases = linear_packed_phases,
    .items = linear_packed_items,
    .work = linear_packed_work,
    .close = linear_packed_close,
};

/* The same, rows dealt out to the threads in place of panels. */
const cake_phased cake_linear_packed_rows_portable = {
    .can_run = cake_linear_packed_can_run,
    .open = linear_packed_rows_open,
    .phases = linear_packed_phases,
    .items = linear_packed_items,
    .work = linear_packed_work,
    .close = linear_packed_close,
};
