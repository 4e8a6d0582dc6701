/* Workloads out of benchdnn's input files: oneDNN's own benchmark describes a problem in one word,
 *
 *     g32mb1_ic64oc64_ih56oh56kh3sh1ph1_n"resnext:res2*3"      128x768      384x1024:1024x1024
 *
 * after options that hold for all problems that follow (--dir=FWD_B,BWD_D --mb=2 --batch=shapes_alexnet). Each problem
 * stands for as many as its options have combinations. Those that are a layer of ours become workloads; the others
 * are counted by the reason. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_H
#define LAYERCAKE_PLAN_BENCHDNN_H

#include "plan/workload.h"

/* Problems that are no workload here. */
typedef struct cake_benchdnn_skip {
    char *reason;  /* "backward" */
    char *example; /* "shapes_alexnet:3: ..." */
    size_t count;
} cake_benchdnn_skip;

typedef struct cake_benchdnn {
    cake_workload *workloads;
    size_t count;
    size_t problems; /* that were read */
    size_t repeated; /* that give a workload which is there already, as with other layouts */
    cake_benchdnn_skip *skips;
    size_t n_skips;
} cake_benchdnn;

/* Read a file of a driver ("conv", "bnorm", ...) and those that it names, relative to it, and add what it holds.
 * `memory_bytes`: a problem that needs more is skipped (0: what is available). CAKE_E_USAGE: no such driver or file, or
 * "file:line:column: expected ..., found ...". *all is valid, and freed by the caller, in any case. */
cake_status cake_benchdnn_read(const char *driver, const char *path, uint64_t memory_bytes, cake_benchdnn *all,
                               cake_error *error);

void cake_benchdnn_free(cake_benchdnn *all);

#endif
