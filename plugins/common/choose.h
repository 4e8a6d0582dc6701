/* Kernels that choose among others of their op when they are opened: by a model of what each costs, or, with --tune, by
 * measuring. The row says which one it was (layercake/choice.h). */
#ifndef LAYERCAKE_PLUGINS_COMMON_CHOOSE_H
#define LAYERCAKE_PLUGINS_COMMON_CHOOSE_H

#include "common/phased.h"

/* What the kernels of one vector width are made of. */
typedef struct cake_core {
    int lanes;     /* floats of a vector */
    int tile_rows; /* of the product's tile */
} cake_core;

/* What a candidate costs on a problem, in cycles of one core (common/kernels/costs.h); INFINITY: it is no candidate. */
typedef double cake_cost(const cake_core *core, const cake_problem *problem, const cake_host *host);

typedef struct cake_candidate {
    const char *name; /* as it is recorded */
    const cake_phased *phased;
    uint32_t layouts; /* of images, CAKE_LAYOUT_BIT each; 0: it takes whatever comes */
    cake_cost *cost;
} cake_candidate;

#define CAKE_LAYOUT_BIT(layout) (UINT32_C(1) << (layout))

/* Candidates of one op and accuracy class, the likeliest first. */
typedef struct cake_chooser {
    const cake_candidate *candidates;
    int count;
    cake_core core;
    /* Why another layout suits a problem better, or NULL: it does not. May be NULL. */
    const char *(*refuse)(const cake_core *core, const cake_problem *problem);
} cake_chooser;

/* Who runs the phases: one thread, or a team. */
typedef struct cake_runner {
    int32_t (*open)(const cake_phased *phased, const cake_problem *problem, const cake_tensor *const *constants,
                    const cake_host *host, void **ctx);
    int32_t (*run)(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);
    void (*close)(void *ctx);
} cake_runner;

int32_t cake_chooser_can_run(const cake_chooser *chooser, const cake_problem *problem, const cake_host *host);

/* Open the candidate that was recorded before, else the fastest one, and record it: the runner's ctx, whose `run` has
 * nothing to do with the choice. */
int32_t cake_chooser_open(const cake_chooser *chooser, const cake_runner *runner, const cake_problem *problem,
                          const cake_tensor *const *constants, const cake_host *host, void **ctx);

/* The candidate of the least cost, of those that can run; NULL: none can. */
const cake_candidate *cake_chooser_reckon(const cake_chooser *chooser, const cake_problem *problem,
                                          const cake_host *host);

#endif
