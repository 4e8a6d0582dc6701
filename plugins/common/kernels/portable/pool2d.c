#include "common/vec/vec_portable.h"

#include "common/kernels/pool2d_lanes.inc.h"
#include "common/kernels/pool2d_planes.inc.h"

const cake_phased cake_pool2d_lanes_portable = {
    .can_run = cake_pool2d_lanes_can_run,
    .open = pool2d_lanes_open,
    .phases = pool2d_lanes_phases,
    .items = pool2d_lanes_items,
    .work = pool2d_lanes_work,
    .close = pool2d_lanes_close,
};

const cake_phased cake_pool2d_planes_portable = {
    .can_run = cake_pool2d_planes_can_run,
    .open = pool2d_planes_open,
    .phases = pool2d_planes_phases,
    .items = pool2d_planes_items,
    .work = pool2d_planes_work,
    .close = pool2d_planes_close,
};
