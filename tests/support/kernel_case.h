/* A kernel under test in this process: its problem and tensors, checked calls, its time.
 *
 * For kernel authors (try_kernel) and for the conformance test. There is no sandbox: a kernel that reaches
 * beside its tensors runs into a guard page and ends the program (Criterion runs each test in a process of
 * its own). */
#ifndef LAYERCAKE_TESTS_KERNEL_CASE_H
#define LAYERCAKE_TESTS_KERNEL_CASE_H

#include "check/verdict.h"
#include "reference/reference.h"

typedef struct cake_kernel_options {
    int32_t layout;  /* of image tensors; 0: what the kernel prefers */
    int32_t threads; /* granted; 0: 1 */
    uint64_t seed;   /* of the fills */
    double min_time; /* seconds to time the kernel if it is right; 0: do not */
} cake_kernel_options;

typedef struct cake_kernel_result {
    cake_verdict verdict;   /* ok, unsupported, mismatch, stale-output, nondeterministic, oob-write, error */
    double error_in_bounds; /* the largest error of all fills, as a multiple of its bound */
    double time_ns;         /* of a call: the best of many batches; 0: not timed */
    uint64_t workspace_bytes;
    int32_t layout;   /* that ran */
    char reason[512]; /* the worst element of a mismatch; why unsupported or in error */
} cake_kernel_result;

/* Load a plugin; it is never unloaded. CAKE_NOT_SUPPORTED: it refused, or the CPU lacks its instruction set.
 * CAKE_E_IO: not there, no plugin, another major version. */
cake_status cake_plugin_load(const char *path, const cake_plugin **plugin, cake_error *error);

/* Check the kernel: whole numbers where the op is exact on them, then random reals against their bounds, in
 * tensors that end at a guard page and in tensors that begin at one, each call twice with the same bits. Then
 * time it if asked. `params` are valid. */
void cake_kernel_check(const cake_kernel *kernel, const cake_op *op, const void *params,
                       const cake_kernel_options *options, cake_kernel_result *result);

/* One call on given values: an array for each tensor in the op's list, row-major in the logical shape; those of the
 * outputs are written if the result's verdict is ok. */
void cake_kernel_compute(const cake_kernel *kernel, const cake_op *op, const void *params,
                         const cake_kernel_options *options, double *const *values, cake_kernel_result *result);

#endif
