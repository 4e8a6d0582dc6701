#include "common/vec/vec_avx512.h"

#include "common/kernels/layer_deepseek.inc.h"
#include "common/kernels/layer_transformer.inc.h"

const cake_phased cake_deepseek_block_composed_avx512 = {
    .can_run = cake_deepseek_block_composed_can_run,
    .open = deepseek_block_open,
    .phases = layer_phases,
    .items = layer_items,
    .work = layer_work,
    .close = layer_close,
};

const cake_phased cake_mha_composed_avx512 = {
    .can_run = cake_mha_composed_can_run,
    .open = mha_open,
    .phases = layer_phases,
    .items = layer_items,
    .work = layer_work,
    .close = layer_close,
};

const cake_phased cake_mla_composed_avx512 = {
    .can_run = cake_mla_composed_can_run,
    .open = mla_open,
    .phases = layer_phases,
    .items = layer_items,
    .work = layer_work,
    .close = layer_close,
};

const cake_phased cake_moe_composed_avx512 = {
    .can_run = cake_moe_composed_can_run,
    .open = moe_open,
    .phases = layer_phases,
    .items = layer_items,
    .work = layer_work,
    .close = layer_close,
};

const cake_phased cake_transformer_block_composed_avx512 = {
    .can_run = cake_transformer_block_composed_can_run,
    .open = transformer_block_open,
    .phases = layer_phases,
    .items = layer_items,
    .work = layer_work,
    .close = layer_close,
};
