/* Tensors of a model as doubles, in memory that has a limit, and what mappings do with them. */
#ifndef LAYERCAKE_ONNX_TENSOR_H
#define LAYERCAKE_ONNX_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { CAKE_ONNX_RANK = 8 }; /* more dimensions than any layer has */

/* Memory of one model's reading, given back all at once. */
typedef struct cake_onnx_pool {
    void *last;         /* the blocks, linked */
    size_t used, limit; /* bytes */
    bool failed;        /* something did not fit */
} cake_onnx_pool;

/* Zeroed; NULL (and `failed`) beyond the limit. */
void *cake_onnx_alloc(cake_onnx_pool *pool, size_t count, size_t size);
/* Count bytes that are taken elsewhere. */
bool cake_onnx_reserve(cake_onnx_pool *pool, size_t count, size_t size);
void cake_onnx_pool_free(cake_onnx_pool *pool);

/* Row-major. The extents' product is `count`; no subset of them overflows. */
typedef struct cake_onnx_tensor {
    const char *name; /* "" if it has none */
    int32_t type;     /* TensorProto.DataType */
    int rank;
    int64_t shape[CAKE_ONNX_RANK]; /* 0 beyond the rank */
    int64_t count;
    const double *values;
} cake_onnx_tensor;

/* All of these give a tensor in the pool, the empty one where memory ends or of an empty one; never NULL. */

/* The same values in another shape of as many elements. */
const cake_onnx_tensor *cake_onnx_reshape(cake_onnx_pool *pool, const cake_onnx_tensor *t, int rank,
                                          const int64_t *shape);

/* Dimension i of the result is order[i] of t. */
const cake_onnx_tensor *cake_onnx_permute(cake_onnx_pool *pool, const cake_onnx_tensor *t, const int *order);

/* Dimension `axis` moved to place `to`, the others in their order. */
const cake_onnx_tensor *cake_onnx_move(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis, int to);

/* Repeated to a shape as NumPy does; the empty tensor if it cannot be. */
const cake_onnx_tensor *cake_onnx_broadcast(cake_onnx_pool *pool, const cake_onnx_tensor *t, int rank,
                                            const int64_t *shape);

/* a, then b, along an axis on which alone they differ; the empty tensor if they differ elsewhere. */
const cake_onnx_tensor *cake_onnx_concat(cake_onnx_pool *pool, const cake_onnx_tensor *a, const cake_onnx_tensor *b,
                                         int axis);

/* Along an axis: `step` - 1 zeros between each two; from the last to the first. */
const cake_onnx_tensor *cake_onnx_spread(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis, int64_t step);
const cake_onnx_tensor *cake_onnx_flip(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis);

/* factor * t + shift. */
const cake_onnx_tensor *cake_onnx_scale(cake_onnx_pool *pool, const cake_onnx_tensor *t, double factor, double shift);

/* Element `index` of the first dimension, with one dimension less. */
const cake_onnx_tensor *cake_onnx_at(cake_onnx_pool *pool, const cake_onnx_tensor *t, int64_t index);

/* A tensor of one value; of rank 2, the identity. */
const cake_onnx_tensor *cake_onnx_full(cake_onnx_pool *pool, int rank, const int64_t *shape, double value);
const cake_onnx_tensor *cake_onnx_identity(cake_onnx_pool *pool, int64_t n);

/* Product of the extents begin .. end-1. */
int64_t cake_onnx_product(const cake_onnx_tensor *t, int begin, int end);

/* Same shape and values? */
bool cake_onnx_equal(const cake_onnx_tensor *a, const cake_onnx_tensor *b);

#endif
