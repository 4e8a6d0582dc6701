#include "common/vec/vec_avx512.h"

#include "common/kernels/attention_decode.inc.h"
#include "common/kernels/attention_tiled.inc.h"

const cake_phased cake_attention_tiled_avx512 = {
    .can_run = cake_attention_tiled_can_run,
    .open = attention_tiled_open,
    .phases = attention_tiled_phases,
    .items = attention_tiled_items,
    .work = attention_tiled_work,
    .close = attention_tiled_close,
};

const cake_phased cake_attention_decode_avx512 = {
    .can_run = cake_attention_decode_can_run,
    .open = attention_decode_open,
    .phases = attention_decode_phases,
    .items = attention_decode_items,
    .work = attention_decode_work,
    .close = attention_decode_close,
};
