#include "common/vec/vec_avx512.h"

#include "common/kernels/rnn.inc.h"

const cake_phased cake_rnn_steps_avx512 = {
    .can_run = cake_rnn_steps_can_run,
    .open = rnn_open,
    .phases = rnn_phases,
    .items = rnn_items,
    .work = rnn_work,
    .close = rnn_close,
};
