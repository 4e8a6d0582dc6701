/* An op's parameters by key, over its table of cake_param: what reading and writing a workload share. */
#ifndef LAYERCAKE_PLAN_PARAMS_H
#define LAYERCAKE_PLAN_PARAMS_H

#include <stdbool.h>

#include "plan/text.h"
#include "reference/reference.h"

enum { CAKE_MAX_PARAMS = 64 }; /* keys of an op, aliases included */

int cake_params_count(const cake_op *op);

/* Index of the key in the op's table, or -1. */
int cake_params_find(const cake_op *op, const char *key);

/* A new struct with every default, and 0 where a key is required or a value derived; not validated. The caller's to
 * free. NULL: out of memory. */
void *cake_params_new(const cake_op *op);

/* Set one key (no alias) from text; false if it is no value of the key's kind or out of range. */
bool cake_param_set(const cake_param *param, void *params, const char *text, size_t length);

/* What the key takes: "a whole number from 1 to 64", "one of max, avg". */
void cake_param_expects(const cake_param *param, char *buffer, size_t size);

/* The key's value as text, and whether two structs have the same. */
void cake_param_text(const cake_param *param, const void *params, char *buffer, size_t size);
bool cake_param_equal(const cake_param *a, const void *a_params, const cake_param *b, const void *b_params);

/* Copy one key's value from one struct to another. */
void cake_param_copy(const cake_param *param, void *to, const void *from);

#endif
