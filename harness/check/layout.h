/* Where a tensor's elements lie in memory, and how values get in and out: dtypes, layouts, reordering. */
#ifndef LAYERCAKE_CHECK_LAYOUT_H
#define LAYERCAKE_CHECK_LAYOUT_H

#include "layercake/tensor.h"
#include "reference/reference.h"

/* The descriptor of a tensor of `spec` in a problem of `dtype`; image tensors in `layout`, others plain.
 * data is NULL. */
cake_tensor cake_tensor_describe(const cake_tensor_spec *spec, int32_t dtype, int32_t layout);

/* Number of logical elements. */
int64_t cake_tensor_elements(const cake_tensor *tensor);

/* Offset in elements from `data` of the element that is `element` in row-major logical order. */
int64_t cake_tensor_offset(const cake_tensor *tensor, int64_t element);

/* The value that is nearest to `value` in the dtype (round to nearest even; integers saturate). */
double cake_dtype_round(int32_t dtype, double value);

/* One element to and from memory; `at` points to it. */
void cake_element_store(int32_t dtype, void *at, double value);
double cake_element_load(int32_t dtype, const void *at);

/* All values, row-major in the logical shape, into tensor->data; padding channels become zero. */
void cake_tensor_store(const cake_tensor *tensor, const double *values);

/* The pattern that marks an element nobody wrote: a signalling NaN in the float types. */
uint64_t cake_dtype_poison(int32_t dtype);

/* Fill all of the tensor's bytes, padding channels too, with the pattern. */
void cake_tensor_poison(const cake_tensor *tensor);

/* Is the element still the pattern? Only the float types have one; false for the others. */
bool cake_element_is_poison(int32_t dtype, const void *at);

#endif
