/* The plan: which workload is run by which kernel, and how. */
#ifndef LAYERCAKE_PLAN_PLAN_H
#define LAYERCAKE_PLAN_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "plan/plugin_info.h"
#include "plan/workload.h"

/* What is in the caches when a call begins. */
enum {
    CAKE_CACHE_WARM = 0,   /* what the call before left */
    CAKE_CACHE_COLD = 1,   /* nothing of the tensors */
    CAKE_CACHE_WEIGHTS = 2 /* the activations, none of the weights: as in a network's forward pass */
};

/* "warm"; and back (-1: no such state). */
const char *cake_cache_name(int cache);
int cake_cache_find(const char *name);

/* One row of the results. All pointers are borrowed. */
typedef struct cake_case {
    const cake_workload *workload;
    const cake_plugin_info *plugin;
    const cake_kernel_info *kernel;
    int threads;
    int cache;  /* CAKE_CACHE_WARM, ... */
    int layout; /* of images; -1: the one that the kernel likes best */
    int dtype;  /* CAKE_F32, ... */
} cake_case;

/* What is wanted. An empty list wants everything; of `threads`, `caches` and `dtypes`, the caller says at least one.
 */
typedef struct cake_plan_request {
    const cake_workload *workloads;
    size_t n_workloads;
    const cake_plugin_info *plugins; /* one with a problem has no kernels, so no cases */
    size_t n_plugins;
    const char *const *ops; /* names */
    size_t n_ops;
    const char *const *kernels; /* "direct", or "conv2d/direct" */
    size_t n_kernels;
    bool choosers;      /* kernels that choose among others (layercake/choice.h) too, where `kernels` is empty */
    const char *filter; /* POSIX extended regular expression, searched in "op/name/params/plugin/kernel"; or NULL */
    const int *threads;
    size_t n_threads;
    const int *caches;
    size_t n_caches;
    const int *dtypes;
    size_t n_dtypes;
    int layout;            /* -1: each kernel's own preference */
    uint64_t memory_bytes; /* what a workload may need; 0: what is available */
} cake_plan_request;

typedef struct cake_plan {
    cake_case *cases; /* workload by workload in the order given; of one: dtype, threads, cache, plugin, kernel */
    size_t count;
} cake_plan;

/* All wanted cases. CAKE_E_USAGE: an op or kernel that nothing here has, a wrong expression, a workload that needs
 * more memory than there is, nothing left to run. */
cake_status cake_plan_make(const cake_plan_request *request, cake_plan *plan, cake_error *error);

void cake_plan_free(cake_plan *plan);

/* "conv2d/res2a_branch2b/n=1 ic=64 .../naive/direct", what the filter sees. Like snprintf. */
size_t cake_case_format(const cake_case *item, char *buffer, size_t size);

#endif
