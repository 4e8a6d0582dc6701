/* benchdnn's descriptors, read: keys with numbers ("mb2ic16ih8_n..."), or shapes ("8x16:16x4").
 *
 * As its documentation has it, an axis left out has the values of the one before it (ih8 is an image of 8 x 8, iw8 one
 * of a single row), output size and padding follow from each other, and dilation 0 is none. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_DESC_H
#define LAYERCAKE_PLAN_BENCHDNN_DESC_H

#include "plan/text.h"
#include "plan/workload.h"

enum { CAKE_DESC_KEYS = 32, CAKE_DESC_DIMS = 12, CAKE_DESC_UNSET = -1000000000 };

typedef struct cake_desc_name {
    char text[CAKE_NAME_SIZE]; /* in the letters of a workload's name; "" if there is none */
    int64_t count;             /* "*3" at its end; else 1 */
} cake_desc_name;

typedef struct cake_desc {
    const char *const *keys;
    int64_t value[CAKE_DESC_KEYS]; /* in the keys' order; CAKE_DESC_UNSET */
    double eps;
    cake_desc_name name;
} cake_desc;

typedef struct cake_desc_shapes {
    int64_t dim[3][CAKE_DESC_DIMS];
    int rank[3], count;
    cake_desc_name name;
} cake_desc_shapes;

/* One axis of an image and its window, 1 or 0 where the image does not have it. Padding may be below 0. */
typedef struct cake_desc_axis {
    int64_t in, kernel, stride, dilation, pad_begin, pad_end;
} cake_desc_axis;

/* Read a descriptor of these keys (NULL-terminated; `driver` is for messages), or shapes. CAKE_E_USAGE:
 * "file:line:column: expected ..., found ...". */
cake_status cake_desc_read(const char *driver, const char *const *keys, const cake_source *source,
                           const cake_word *word, cake_desc *desc, cake_error *error);
cake_status cake_desc_read_shapes(const cake_source *source, const cake_word *word, cake_desc_shapes *shapes,
                                  cake_error *error);

/* The key's value. */
int64_t cake_desc_get(const cake_desc *desc, const char *key, int64_t if_unset);

/* Does the image have the axis 'd', 'h' or 'w'? Its extent, 1 if not. */
bool cake_desc_has_axis(const cake_desc *desc, char axis);
int64_t cake_desc_extent(const cake_desc *desc, char axis);

/* An axis with its window; false: a size is missing or below 1. */
bool cake_desc_read_axis(const cake_desc *desc, char axis, cake_desc_axis *to);

/* Product of extents; INT64_MAX if it overflows. */
int64_t cake_desc_product(const int64_t *dims, int count);

#endif
