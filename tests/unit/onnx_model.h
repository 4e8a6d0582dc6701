/* Models of one node for tests, made in memory, and mapped as if they had come from files. */
#ifndef LAYERCAKE_TESTS_ONNX_MODEL_H
#define LAYERCAKE_TESTS_ONNX_MODEL_H

#include "onnx/graph.h"

#define DIMS(...) ((const int64_t[]){__VA_ARGS__, -1}) /* of a shape; () is DIMS(-1) */
#define VALUES(...) ((const double[]){__VA_ARGS__})

/* Begin a model; the one before is forgotten. One a process: Criterion gives each test its own. */
void onnx_begin(const char *op_type, int64_t opset);
void onnx_domain(const char *domain);
void onnx_int(const char *name, int64_t value);
void onnx_ints(const char *name, const int64_t *dims);
void onnx_float(const char *name, double value);
void onnx_text(const char *name, const char *value);
void onnx_floats(const char *name, const double *values, size_t count);
void onnx_texts(const char *name, const char *words); /* separated by a space each */

/* The next input: of the data set; of the model (an initializer, raw bytes); none. The next output. `type` is
 * TensorProto's, values are rounded to it. */
void onnx_input(int32_t type, const int64_t *dims, const double *values);
void onnx_weight(int32_t type, const int64_t *dims, const double *values);
void onnx_absent(void);
void onnx_output(int32_t type, const int64_t *dims, const double *values);
void onnx_no_output(void);

/* A further node between values of these names, separated by a space each. The inputs are in0, in1 and so on; the
 * output, which must be there already, is out0, and once a further node gives it, that of the first node is inside. */
void onnx_node(const char *op_type, const char *from, const char *to);
/* A value of that name, of the model. */
void onnx_constant(const char *name, int32_t type, const int64_t *dims, const double *values);

/* The TensorProto that was added last, to be spoilt. */
Onnx__TensorProto *onnx_last(void);

/* The bytes of the model, freed by the caller; and of its data set, which stay the helper's. */
cake_onnx_bytes onnx_pack(void);
const cake_onnx_set *onnx_set(void);

/* Map it, as its `variant`, in 64 MB, and hold the reference to it. `error` says what failed. */
cake_status onnx_map(int variant, cake_onnx_node *node, cake_error *error);

/* It must be these workloads (lines, NULL-terminated), and the reference must agree with the outputs. */
void onnx_is(const char *const *lines);
#define IS(...) onnx_is((const char *const[]){__VA_ARGS__, NULL})

/* The reference must differ, it must be skipped, or be broken, with that in the message. */
void onnx_differs(const char *text);
void onnx_skipped(const char *text);
void onnx_broken(const char *text);

enum {
    FLOAT = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT,
    INT32 = ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
    INT64 = ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
    BOOL = ONNX__TENSOR_PROTO__DATA_TYPE__BOOL,
    HALF = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16,
    DOUBLE = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE
};

#endif
