#include "common/vec/vec_portable.h"

#include "common/kernels/attention_tiled.inc.h"

const cake_phased cake_attention_tiled_portable = {
    .can_run = cake_attention_tiled_can_run,
    .open = attention_tiled_open,
    .phases = attention_tiled_phases,
    .items = attention_tiled_items,
    .work = attention_tiled_work,
    .close = attention_tiled_close,
};
