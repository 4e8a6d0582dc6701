#include "common/vec/vec_avx512.h"

#include "common/kernels/elementwise.inc.h"
#include "common/kernels/softmax.inc.h"

const cake_phased cake_dropout_philox_avx512 = {
    .can_run = cake_elementwise_can_run,
    .open = dropout_open,
    .phases = elementwise_phases,
    .items = elementwise_items,
    .work = dropout_work,
    .close = elementwise_close,
};

const cake_phased cake_embedding_rows_avx512 = {
    .can_run = cake_elementwise_can_run,
    .open = embedding_open,
    .phases = elementwise_phases,
    .items = elementwise_items,
    .work = embedding_work,
    .close = elementwise_close,
};

const cake_phased cake_positional_encoding_table_avx512 = {
    .can_run = cake_elementwise_can_run,
    .open = positional_encoding_open,
    .phases = elementwise_phases,
    .items = elementwise_items,
    .work = positional_encoding_work,
    .close = elementwise_close,
};

const cake_phased cake_rope_table_avx512 = {
    .can_run = cake_rope_table_can_run,
    .open = rope_open,
    .phases = elementwise_phases,
    .items = elementwise_items,
    .work = rope_work,
    .close = elementwise_close,
};

const cake_phased cake_softmax_passes_avx512 = {
    .can_run = cake_elementwise_can_run,
    .open = softmax_open,
    .phases = softmax_phases,
    .items = softmax_items,
    .work = softmax_work,
    .close = softmax_close,
};
