/* A kernel cut into phases, so that one thread or many can run it.
 *
 * A call is a fixed number of phases, one after another; the items of a phase are independent of each other
 * and may run in any order on any thread. The single-threaded plugins run every phase from its first item to
 * its last; the openmp plugin deals the items of each phase out to its threads, with a barrier between phases.
 * A phase's items are as fine as load balance needs (a tile, a head, a block of rows) and as coarse as keeps
 * a thread's tile in its L2. */
#ifndef LAYERCAKE_PLUGINS_COMMON_PHASED_H
#define LAYERCAKE_PLUGINS_COMMON_PHASED_H

#include "layercake/plugin.h"

struct cake_chooser;

typedef struct cake_phased {
    /* As in cake_kernel; `open` prepares for problem->threads threads (scratch for each). */
    int32_t (*can_run)(const cake_problem *problem, const cake_host *host);
    int32_t (*open)(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                    void **ctx);
    /* Number of phases of a call, and of items of a phase. Cheap: called inside the timed call. */
    int64_t (*phases)(const void *ctx);
    int64_t (*items)(const void *ctx, int64_t phase);
    /* Do items begin .. end-1 of a phase as thread `thread` (0 .. threads-1: which scratch to use). */
    void (*work)(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                 int64_t begin, int64_t end, int thread);
    void (*close)(void *ctx);
    /* NULL; or, in place of all the others, what opens one of several (common/choose.h). */
    const struct cake_chooser *chooser;
} cake_phased;

/* A whole call on this thread. */
void cake_phased_call(const cake_phased *phased, void *ctx, const cake_tensor *const *inputs,
                      const cake_tensor *const *outputs);

/* The functions of a cake_kernel whose `data` is a cake_phased, run by one thread. */
int32_t cake_phased_can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host);
int32_t cake_phased_open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                         const cake_host *host, void **ctx);
int32_t cake_phased_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);
void cake_phased_close(void *ctx);

#endif
