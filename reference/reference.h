/* What each op means: its parameters, tensors, cost, exact result and allowed error.
 *
 * One const table an op, in reference/<op>.c; `cake_ops` lists them. Everything here is plain: it neither
 * knows plugins nor processes nor files, and can be linked alone.
 *
 * All values are doubles here, whatever the dtype under test: every value of every dtype is a double exactly.
 * Tensors are row-major in their logical shape. */
#ifndef LAYERCAKE_REFERENCE_H
#define LAYERCAKE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/status.h"
#include "layercake/ops.h"
#include "layercake/plugin.h"
#include "layercake/tensor.h"

enum { CAKE_MAX_TENSORS = 16 }; /* of an op, all roles together */
enum { CAKE_INTEGER_MAX = 8 };  /* the whole numbers that exact_on_integers speaks of */

/* One key of a workload's text. */
typedef enum cake_param_kind {
    CAKE_PARAM_SIZE,   /* int64_t, min .. max */
    CAKE_PARAM_FLAG,   /* int32_t, 0 or 1 */
    CAKE_PARAM_CHOICE, /* int32_t, an index into `choices` */
    CAKE_PARAM_REAL,   /* double, finite, min .. max */
    CAKE_PARAM_ALIAS   /* sets the keys in `sets`; `pad=1` sets all four paddings */
} cake_param_kind;

typedef struct cake_param {
    const char *key;
    cake_param_kind kind;
    size_t offset;           /* in the op's struct */
    const char *value;       /* the default, as text; NULL: required (or, for an alias, nothing to set) */
    double min, max;         /* of sizes and reals, both included */
    const char *choices[16]; /* NULL-terminated */
    const char *sets[8];     /* of an alias; NULL-terminated */
    const char *meaning;     /* for `list ops` and the manual */
} cake_param;

typedef enum cake_role { CAKE_ROLE_INPUT, CAKE_ROLE_CONSTANT, CAKE_ROLE_OUTPUT } cake_role;

/* How the checks fill a tensor. */
typedef enum cake_fill_kind {
    CAKE_FILL_SIGNED,   /* uniform in [-scale, scale] */
    CAKE_FILL_POSITIVE, /* uniform in [scale / 2, 3/2 scale]: variances, scales */
    CAKE_FILL_MASK, /* additive mask: reals in [-2, 2], one in four -infinity, never in the last dimension's place 0
                     */
    CAKE_FILL_INDEX /* whole numbers 0 .. limit - 1 */
} cake_fill_kind;

typedef struct cake_tensor_spec {
    const char *name; /* "x", "w", as in ops.h */
    cake_role role;
    bool image;    /* comes in an image layout; else plain */
    int32_t dtype; /* 0: the problem's dtype */
    int32_t rank;
    int64_t shape[CAKE_MAX_RANK];
    cake_fill_kind fill;
    double scale;  /* of fill; 0 means 1 */
    int64_t limit; /* of CAKE_FILL_INDEX */
} cake_tensor_spec;

/* The tensors of a workload: inputs, constants, outputs, each in ops.h's order. */
typedef struct cake_tensor_list {
    int count;
    cake_tensor_spec tensor[CAKE_MAX_TENSORS];
} cake_tensor_list;

typedef struct cake_op cake_op;

/* One evaluation of the reference on given values. Filled by cake_reference_begin. */
typedef struct cake_reference {
    const cake_op *op;
    const void *params;
    int32_t dtype;
    int32_t accuracy; /* CAKE_STANDARD, ...: which error is allowed */
    double u;         /* unit roundoff of the arithmetic: 2^-24 for every dtype that is computed in f32 */
    double u_out;     /* unit roundoff of an output element's dtype */
    cake_tensor_list tensors;
    double *values[CAKE_MAX_TENSORS]; /* inputs and constants, borrowed; NULL for outputs */
    void *memo;                       /* what the op keeps between calls (`prepare`), or NULL */
} cake_reference;

/* An element of a tensor: `tensor` indexes the list, `element` is row-major in the logical shape. */
typedef struct cake_place {
    int tensor;
    int64_t element;
} cake_place;

/* What an output element should be, and by how much a correct kernel may miss it (absolute, >= 0). */
typedef struct cake_expected {
    double value;
    double bound;
} cake_expected;

struct cake_sequence;

struct cake_op {
    const char *name;    /* "conv2d" */
    const char *family;  /* "convolution": groups tables and summaries */
    const char *summary; /* one line */
    size_t params_size;
    const cake_param *params; /* ends with key NULL */

    /* Check the parameters against each other and fill the derived ones. Every value is within its table's
     * range already. Must reject what overflows; ends with cake_validate_tensors. */
    cake_status (*validate)(void *params, cake_error *error);

    /* The tensors of valid parameters. */
    void (*tensors)(const void *params, cake_tensor_list *list);

    /* Floating-point operations of the definition (a multiply-add is two). */
    double (*flops)(const void *params);

    /* Of those the ones that a kernel cannot leave out: products with padding are known to be 0. The floor of times.
     * NULL: all. */
    double (*least_flops)(const void *params);

    /* Bytes that must move between memory and core at least. NULL: every tensor once. */
    double (*bytes)(const void *params, int32_t dtype);

    /* True if whole numbers of at most CAKE_INTEGER_MAX in magnitude in all inputs and constants give a result
     * without any rounding in f32, whatever the order of summation. Holds for kernels that are not CAKE_FAST. */
    bool (*exact_on_integers)(const void *params);

    /* The whole result, in independent blocks that different threads may compute at once.
     * expected[i] is the array of output i (row-major, all its elements); a block writes its part. */
    int64_t (*blocks)(const void *params);
    void (*block)(const cake_reference *reference, int64_t block, cake_expected *const *expected);

    /* One output element from the present `values`, at a cost that does not grow with the number of outputs.
     * `changed` is the place of the only input word that differs from what `prepare` saw, or NULL. */
    cake_expected (*element)(const cake_reference *reference, const cake_place *changed, cake_place output);

    /* A random word of an input (never of a constant) on which the output element depends under the present
     * `values`; tensor -1 if it depends on none, as where a convolution's window lies in the padding. */
    cake_place (*influence)(const cake_reference *reference, cake_place output, cake_random *random);

    /* Make and free `memo` for `element`; NULL where the op needs none. */
    cake_status (*prepare)(cake_reference *reference, cake_error *error);
    void (*release)(cake_reference *reference);

    /* What sequence.h asks of the ops that attend over a sequence; NULL of others. */
    struct cake_sequence (*sequence)(const void *params);
};

/* Every op, NULL-terminated. */
extern const cake_op *const cake_ops[];

/* The op of that name, or NULL. */
const cake_op *cake_op_find(const char *name);

/* Sum over all tensors, or what the op says. */
double cake_op_bytes(const cake_op *op, const void *params, int32_t dtype);

/* Size of an element in bytes; name ("f32") and back (0: no such dtype). */
int64_t cake_dtype_size(int32_t dtype);
const char *cake_dtype_name(int32_t dtype);
int32_t cake_dtype_find(const char *name);

/* "nchw" and back (-1: no such layout). */
const char *cake_layout_name(int32_t layout);
int32_t cake_layout_find(const char *name);

/* Number of elements of a tensor; its size in bytes in a layout, the channels that fill up the last block of a
 * blocked layout included (`dtype` is the problem's, `layout` that of its images). The op's validation has checked
 * that neither overflows. */
int64_t cake_spec_elements(const cake_tensor_spec *spec);
int64_t cake_spec_bytes(const cake_tensor_spec *spec, int32_t dtype, int32_t layout);

/* a*b and a+b of sizes; false if it overflows int64_t. */
bool cake_size_mul(int64_t a, int64_t b, int64_t *product);
bool cake_size_add(int64_t a, int64_t b, int64_t *sum);

/* Check that every tensor's size stays below 2^62 bytes for any dtype and layout. Ops call it last in `validate`. */
cake_status cake_validate_tensors(const cake_op *op, const void *params, cake_error *error);

/* Set up an evaluation. `values` holds an array for each input and constant, in the list's order with NULL for
 * outputs; they stay the caller's and may be changed between calls of `element`, one word at a time as told there.
 * With accuracy CAKE_EXACT all bounds are 0. Calls `prepare`; cake_reference_end frees what it made.
 * CAKE_NOT_SUPPORTED for a dtype that is not a floating-point type of at most 32 bits. */
cake_status cake_reference_begin(cake_reference *reference, const cake_op *op, const void *params, int32_t dtype,
                                 int32_t accuracy, double *const *values, cake_error *error);
void cake_reference_end(cake_reference *reference);

/* The whole result with `threads` threads (the caller's is one). expected[i] is output i's array, of its element
 * count. */
cake_status cake_reference_compute(const cake_reference *reference, int threads, cake_expected *const *expected,
                                   cake_error *error);

/* Error bounds that several ops share (bounds.c derives them). All are for arithmetic of unit roundoff u. */

/* c(k) u: how far a sum of k products may be off, as a multiple of the sum of their absolute values. */
double cake_bound_sum(double k, double u);

#endif
