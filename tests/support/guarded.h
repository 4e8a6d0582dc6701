/* Tensors between guard pages. */
#ifndef LAYERCAKE_TESTS_GUARDED_H
#define LAYERCAKE_TESTS_GUARDED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "layercake/tensor.h"

typedef enum cake_flush {
    CAKE_FLUSH_RIGHT, /* the tensor's end touches the guard page, as closely as its alignment lets it */
    CAKE_FLUSH_LEFT   /* its beginning does */
} cake_flush;

typedef struct cake_guarded {
    cake_tensor tensor;
    unsigned char *map; /* guard page, body, guard page; NULL: none */
    uint64_t map_bytes;
} cake_guarded;

/* Give memory to the tensor that `description` describes: aligned to `align` bytes and not to more, with `overread`
 * bytes at least before the guard page at its end; the slack around it filled with signalling NaNs, so that a kernel
 * that uses it is wrong. */
cake_status cake_guarded_new(const cake_tensor *description, uint32_t align, uint32_t overread, cake_flush flush,
                             cake_guarded *guarded, cake_error *error);
void cake_guarded_free(cake_guarded *guarded);

void cake_guarded_protect(cake_guarded *guarded, bool read_only);

/* True if the slack around the tensor is as it was made. */
bool cake_guarded_intact(const cake_guarded *guarded);

#endif
