#include "common/vec/vec_portable.h"

#include "common/kernels/batch_norm.inc.h"
#include "common/kernels/batch_norm_training.inc.h"

const cake_phased cake_batch_norm_affine_portable = {
    .can_run = cake_batch_norm_affine_can_run,
    .open = batch_norm_open,
    .phases = batch_norm_phases,
    .items = batch_norm_items,
    .work = batch_norm_work,
    .close = batch_norm_close,
};

const cake_phased cake_batch_norm_training_portable = {
    .can_run = cake_batch_norm_training_can_run,
    .open = batch_norm_training_open,
    .phases = batch_norm_training_phases,
    .items = batch_norm_training_items,
    .work = batch_norm_training_work,
    .close = batch_norm_training_close,
};
