/* A worker's tensors: the coordinator's arena, mapped segment by segment between pages that fault. */
#ifndef LAYERCAKE_WORKER_MEMORY_H
#define LAYERCAKE_WORKER_MEMORY_H

#include <stdbool.h>

#include "worker/protocol.h"

typedef struct cake_memory {
    uint32_t count;
    cake_wire_tensor wire[CAKE_WIRE_TENSORS];
    char *segment[CAKE_WIRE_TENSORS]; /* where each is mapped */
    char *reserved[CAKE_WIRE_TENSORS];
    uint64_t reserved_bytes[CAKE_WIRE_TENSORS];
    /* The descriptors as the plugin gets them, by role; `data` set by cake_memory_place. */
    cake_tensor tensor[CAKE_WIRE_TENSORS];
    const cake_tensor *inputs[CAKE_WIRE_TENSORS], *constants[CAKE_WIRE_TENSORS], *outputs[CAKE_WIRE_TENSORS];
    uint32_t n_inputs, n_constants, n_outputs;
} cake_memory;

/* Map the arena behind `fd`. False and *text on failure; what was mapped stays for cake_memory_unmap. */
bool cake_memory_map(cake_memory *memory, int fd, const cake_request_prepare *request, char *text);
void cake_memory_unmap(cake_memory *memory);

/* Bring every segment of a huge page or more onto huge pages: on 4 KiB pages streams are a fifth slower or more, and
 * shared memory does not get huge ones by itself. False: there is none so large, or the system refused. */
bool cake_memory_huge(cake_memory *memory);

/* Let inputs and constants be written or not. */
bool cake_memory_writable(cake_memory *memory, bool inputs);

/* Set each tensor's data to its segment plus the offset; false if one lies outside. */
bool cake_memory_place(cake_memory *memory, const uint64_t *data_offset);

#endif
