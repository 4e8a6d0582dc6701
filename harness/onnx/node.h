/* A node with its attributes and the values of its inputs and outputs, as mappings see it, and the cases they make of
 * it. The first failure is kept in the node, and everything after it does nothing: a mapping reads like the table
 * that it is, and looks at no status. Nothing that a helper returns is NULL but inputs and outputs that are absent.
 */
#ifndef LAYERCAKE_ONNX_NODE_H
#define LAYERCAKE_ONNX_NODE_H

#include "onnx/tensor.h"
#include "onnx/wire.h"
#include "plan/workload.h"

enum { CAKE_ONNX_INPUTS = 16, CAKE_ONNX_OUTPUTS = 8, CAKE_ONNX_CASES_MAX = 4096 };

typedef struct cake_onnx_node {
    cake_onnx_pool *pool;
    const Onnx__NodeProto *proto;
    int64_t opset;
    const cake_onnx_tensor *input[CAKE_ONNX_INPUTS]; /* NULL: absent */
    const cake_onnx_tensor
        *output[CAKE_ONNX_OUTPUTS]; /* the published ones; NULL: absent, or not an output of the graph */
    const cake_onnx_tensor
        *joined;        /* what an Add behind a MatMul adds, or a Mul behind a Sigmoid multiplies with; NULL */
    const char *file;   /* the data set's folder, for messages */
    const char *name;   /* of the workloads */
    int variant;        /* which of a formula's versions (see `variants`); 0 first */
    int variants;       /* set by a mapping whose operator changed without a new version; 0: one */
    cake_status status; /* of the first failure: CAKE_NOT_SUPPORTED, or CAKE_E_USAGE */
    cake_error error;
    cake_workload *workloads;
    size_t count;
} cake_onnx_node;

/* Note a failure, if it is the first. Where the pool's memory has ended, that is what is noted. */
void cake_onnx_skip(cake_onnx_node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cake_onnx_broken(cake_onnx_node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Attributes, with the value of one that is not there. Another type of it is a failure. */
bool cake_onnx_has(const cake_onnx_node *n, const char *name);
int64_t cake_onnx_int(cake_onnx_node *n, const char *name, int64_t otherwise);
double cake_onnx_float(cake_onnx_node *n, const char *name, double otherwise);
const char *cake_onnx_text(cake_onnx_node *n, const char *name, const char *otherwise);
/* Exactly `count` of them; each `otherwise` if the attribute is not there. */
void cake_onnx_ints(cake_onnx_node *n, const char *name, int count, int64_t otherwise, int64_t *values);

/* Element `index` of an attribute of several; of texts "" if there is none. */
double cake_onnx_float_of(cake_onnx_node *n, const char *name, int index, double otherwise);
const char *cake_onnx_text_of(cake_onnx_node *n, const char *name, int index);

/* How many numbers or texts an attribute has; 0 if it is not there. */
int cake_onnx_length(const cake_onnx_node *n, const char *name);

/* A tensor's element as a whole number; 0 if it has no such element, and what is beyond 2^53 becomes that. */
int64_t cake_onnx_whole(const cake_onnx_tensor *t, int64_t element);

/* A whole number from an attribute that counts dimensions from the end if negative; 0 and a failure beyond the rank.
 */
int cake_onnx_axis(cake_onnx_node *n, int64_t axis, int rank);

/* Begin a workload, by the line that tells it: "linear rows=%lld ...". What no workload can be is skipped. */
void cake_onnx_case(cake_onnx_node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Its tensors, by their names in ops.h, of as many elements; what an op has no tensor for is a failure. `values`
 * NULL: nothing is done, and what must be given and is not makes the case incomplete, a failure too. */
void cake_onnx_put(cake_onnx_node *n, const char *name, const cake_onnx_tensor *values);

/* Free the workloads. */
void cake_onnx_node_free(cake_onnx_node *n);

/* Find the mapping of the node's operator and run it. The result is the node's status. */
cake_status cake_onnx_map(cake_onnx_node *n);

/* Is it an operator that a mapping is for? */
bool cake_onnx_is_layer(const Onnx__NodeProto *proto);

/* One operator. */
typedef struct cake_onnx_mapping {
    const char *op_type;
    int needs, most; /* inputs that must be there, and how many there may be */
    int64_t since;   /* first version of the operator that is known here */
    void (*map)(cake_onnx_node *n);
} cake_onnx_mapping;

/* Each ends with op_type NULL. */
extern const cake_onnx_mapping cake_onnx_windows[], cake_onnx_norms[], cake_onnx_products[], cake_onnx_recurrent[],
    cake_onnx_elementwise[], cake_onnx_sequences[];

#endif
