/* Pooling of images and of volumes: what pool2d and pool3d share. An image is a volume of one plane. */
#ifndef LAYERCAKE_REFERENCE_POOL_H
#define LAYERCAKE_REFERENCE_POOL_H

#include "reference/window.h"

typedef struct cake_pooling {
    int32_t kind, count_pad, ceil_mode, indices;
    int64_t channels;      /* of all images */
    cake_window window[3]; /* depth, height, width */
    int64_t out[3];
} cake_pooling;

/* Check the windows, and count them. */
cake_status cake_pooling_validate(cake_pooling *pooling, cake_error *error);

/* A comparison or an addition for each place of each window, and a mean's division. */
double cake_pooling_flops(const cake_pooling *pooling);

/* The functions of a cake_op; a block is a plane of the outputs. x is tensor 0, y 1, the indices 2. */
void cake_pooling_block(const cake_reference *reference, const cake_pooling *pooling, int64_t plane,
                        cake_expected *const *expected);
cake_expected cake_pooling_element(const cake_reference *reference, const cake_pooling *pooling, cake_place place);
cake_place cake_pooling_influence(const cake_reference *reference, const cake_pooling *pooling, cake_place place,
                                  cake_random *random);

#endif
