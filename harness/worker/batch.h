/* Timed calls: the loop that the coordinator starts and stops through shared memory. */
#ifndef LAYERCAKE_WORKER_BATCH_H
#define LAYERCAKE_WORKER_BATCH_H

#include "worker/arch.h"
#include "worker/memory.h"

typedef struct cake_batch_result {
    uint64_t calls;
    int32_t returned; /* of the first call that failed, else 0 */
    uint32_t left;    /* CAKE_LEFT_MXCSR, ... */
    bool misplaced;   /* nothing was run: a probe lies outside of its tensor */
} cake_batch_result;

/* Run the batch. `ready` is called when everything is staged, just before waiting for shared->go. */
cake_batch_result cake_batch_run(const cake_request_batch *request, cake_shared *shared, cake_memory *memory,
                                 cake_run_function *run, void *ctx, int64_t cache_bytes, void (*ready)(void));

#endif
