/* Tensors as they cross the plugin ABI: element types, layouts, descriptors.
 *
 * Self-contained C11 that is also C++17. Nothing here needs a library of ours.
 *
 * Extents are in elements. `shape` is always in the logical order that ops.h gives for the tensor
 * (images: n, c, h, w), whatever the layout; `stride` says where the elements lie. */
#ifndef LAYERCAKE_TENSOR_H
#define LAYERCAKE_TENSOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Element types. */
enum {
    CAKE_F32 = 1,  /* IEEE 754 binary32 */
    CAKE_BF16 = 2, /* the upper half of a binary32 */
    CAKE_F16 = 3,  /* IEEE 754 binary16 */
    CAKE_I8 = 4,
    CAKE_U8 = 5,
    CAKE_I32 = 6,
    CAKE_I64 = 7,
    CAKE_F64 = 8
};

/* Layouts. Those of images apply to tensors of rank 4 whose role in ops.h is "image". */
enum {
    CAKE_PLAIN = 0,  /* row-major in the order of `shape` */
    CAKE_NCHW = 1,   /* n, c, h, w; row-major */
    CAKE_NHWC = 2,   /* n, h, w, c; row-major */
    CAKE_NCHW8C = 3, /* n, ceil(c/8), h, w, 8 channels */
    CAKE_NCHW16C = 4 /* n, ceil(c/16), h, w, 16 channels */
};

#define CAKE_MAX_RANK 6

/* One tensor. The host owns it and its memory.
 *
 * `stride[d]` is the distance in elements between neighbours along dimension d. In the blocked layouts
 * the channels of a block are contiguous and `stride[1]` is the distance between blocks; the channels
 * that fill up the last block are part of the memory: the host sets them to zero in inputs, and a kernel
 * may write or leave them in outputs (they are not checked).
 *
 * `data` is aligned to the kernel's `min_align`, and NULL where a descriptor describes a tensor that is
 * not there yet (in a problem). `size_bytes` counts from `data` to the end, padding channels included;
 * a kernel reads and writes nothing outside of it. */
typedef struct cake_tensor {
    uint32_t struct_size;
    int32_t dtype;  /* CAKE_F32, ... */
    int32_t layout; /* CAKE_PLAIN, ... */
    int32_t rank;   /* 1 .. CAKE_MAX_RANK */
    int64_t shape[CAKE_MAX_RANK];
    int64_t stride[CAKE_MAX_RANK];
    uint64_t size_bytes;
    void *data;
} cake_tensor;

#ifdef __cplusplus
}
#endif
#endif
