/* Messages of onnx.proto, from bytes of strangers. */
#ifndef LAYERCAKE_ONNX_WIRE_H
#define LAYERCAKE_ONNX_WIRE_H

#include "onnx.pb-c.h"
#include "onnx/tensor.h"

/* What a file holds. */
typedef struct cake_onnx_bytes {
    const uint8_t *at;
    size_t size;
} cake_onnx_bytes;

/* The message, in the pool. CAKE_E_USAGE: not a message of that kind, or nested too deep. CAKE_NOT_SUPPORTED: it
 * needs more memory than the pool allows. */
cake_status cake_onnx_unpack_model(cake_onnx_pool *pool, cake_onnx_bytes bytes, Onnx__ModelProto **model,
                                   cake_error *error);
cake_status cake_onnx_unpack_tensor(cake_onnx_pool *pool, cake_onnx_bytes bytes, Onnx__TensorProto **tensor,
                                    cake_error *error);

/* A tensor's values in the pool. External data lie in files of `folder` (NULL: there is none); one beyond it is
 * refused. CAKE_NOT_SUPPORTED: an element type without a value that is a double, or more elements than are read here.
 * CAKE_E_USAGE: data that do not fit the shape. */
cake_status cake_onnx_read_tensor(cake_onnx_pool *pool, const Onnx__TensorProto *proto, const char *folder,
                                  const cake_onnx_tensor **tensor, cake_error *error);

/* The whole of a regular file of at most `limit` bytes, in the pool. CAKE_NOT_FOUND: there is none of that name. */
cake_status cake_onnx_read_file(cake_onnx_pool *pool, const char *path, size_t limit, cake_onnx_bytes *bytes,
                                cake_error *error);

/* "float16" and the like; "unknown". */
const char *cake_onnx_type_name(int32_t type);

#endif
