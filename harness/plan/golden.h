/* Published numbers of a workload: lines after it in a dataset.
 *
 *     batch_norm name=lecture_x1 training=1 momentum=0 eps=0 n=3 c=1 h=1 w=1
 *         given x = 1 3 8
 *         given scale = 1
 *         ...
 *         expect new_mean = 4.00
 *         expect new_var = 2.94^2
 *
 * `given` fills an input or constant, all of which must be given; `expect` says what an output holds. The tensors are
 * named as in ops.h; values are row-major, and go on in following lines that begin with a value. An expected value
 * may be off by one unit of its last written digit, because some sources round and others cut; `v^2` is the square of
 * a published v (a variance of which the deviation was printed), `?` a value that was not published. */
#ifndef LAYERCAKE_PLAN_GOLDEN_H
#define LAYERCAKE_PLAN_GOLDEN_H

#include "plan/workload.h"

typedef struct cake_golden_text {
    char text[32]; /* cut to fit */
} cake_golden_text;

typedef struct cake_golden_tensor {
    int tensor;             /* index in the op's list of tensors */
    int64_t count, room;    /* values so far; the tensor's elements */
    double *low, *high;     /* what the element may be, both included; the same for a given one */
    cake_golden_text *text; /* of an expected element as it is written, "2.94^2"; NULL for a given one */
    int line;               /* of its first value */
} cake_golden_tensor;

struct cake_golden {
    int count;
    cake_golden_tensor tensor[CAKE_MAX_TENSORS];
};

/* Is it a line of golden numbers, by its first word? */
bool cake_golden_is_line(const char *text, size_t length);

/* Add such a line to the workload it follows. CAKE_E_USAGE: "file:line:column: expected ..., found ...". */
cake_status cake_golden_add(cake_workload *workload, const char *text, size_t length, const cake_source *source,
                            cake_error *error);

/* Add all the values of one tensor, given or expected by its role. CAKE_E_USAGE: no such tensor, another number of
 * elements, or it has values already. */
cake_status cake_golden_put(cake_workload *workload, const char *name, const double *values, int64_t count,
                            cake_error *error);

/* After the last line: is everything given, and complete, and something expected? CAKE_OK for a workload without
 * numbers. */
cake_status cake_golden_complete(const cake_workload *workload, cake_error *error);

/* The numbers of that tensor of the op's list, or NULL. */
const cake_golden_tensor *cake_golden_find(const cake_golden *golden, int tensor);

/* Compare an output with what was expected of it (nothing: CAKE_OK). CAKE_NOT_FOUND with the first element that
 * differs: "y[3]: expected 0.54 to 0.56, found 0.61". NaN equals nothing. */
cake_status cake_golden_compare(const cake_workload *workload, int tensor, const double *values, cake_error *error);

void cake_golden_free(cake_golden *golden);

#endif
