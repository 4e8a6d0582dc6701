/* The layers of the workers' sandbox, by name, and what they need to know of the system. */
#ifndef LAYERCAKE_RUN_LAYERS_H
#define LAYERCAKE_RUN_LAYERS_H

#include <stddef.h>
#include <stdint.h>

typedef struct cake_layer {
    uint32_t bit; /* CAKE_LAYER_... */
    const char *name, *meaning;
} cake_layer;

/* Ends with bit 0. */
extern const cake_layer cake_layers[];

/* Processes and threads that the worker's user may have: what that user has now, and room for a worker's pools.
 * 0 (no limit) where it cannot be counted. */
uint64_t cake_layers_process_limit(int threads);

#endif
