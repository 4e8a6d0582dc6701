/* What the files of reference/ share: the rows of parameter tables, sums with magnitudes, error constants. */
#ifndef LAYERCAKE_REFERENCE_INTERNAL_H
#define LAYERCAKE_REFERENCE_INTERNAL_H

#include <math.h>

#include "reference/reference.h"

/* Rows of a table of parameters; the key is the name of the struct's member, except of an alias. */
#define CAKE_SIZE_ROW(type, member, default_text, low, high, text)                                                   \
    {                                                                                                                \
        .key = #member, .kind = CAKE_PARAM_SIZE, .offset = offsetof(type, member), .value = default_text,            \
        .min = (low), .max = (high), .meaning = text                                                                 \
    }
#define CAKE_FLAG_ROW(type, member, default_text, text)                                                              \
    {                                                                                                                \
        .key = #member, .kind = CAKE_PARAM_FLAG, .offset = offsetof(type, member), .value = default_text, .max = 1,  \
        .meaning = text                                                                                              \
    }
#define CAKE_REAL_ROW(type, member, default_text, low, high, text)                                                   \
    {                                                                                                                \
        .key = #member, .kind = CAKE_PARAM_REAL, .offset = offsetof(type, member), .value = default_text,            \
        .min = (low), .max = (high), .meaning = text                                                                 \
    }
#define CAKE_CHOICE_ROW(type, member, default_text, text, ...)                                                       \
    {                                                                                                                \
        .key = #member, .kind = CAKE_PARAM_CHOICE, .offset = offsetof(type, member), .value = default_text,          \
        .choices = {__VA_ARGS__, NULL}, .meaning = text                                                              \
    }
#define CAKE_ALIAS_ROW(name, text, ...)                                                                              \
    {                                                                                                                \
        .key = name, .kind = CAKE_PARAM_ALIAS, .sets = {__VA_ARGS__, NULL}, .meaning = text                          \
    }

/* Largest extents that tables allow: of tensors, and of windows, strides, paddings, dilations. Sums of them and
 * products of two cannot overflow; products of more are checked. */
#define CAKE_EXTENT_MAX 2147483647.0
#define CAKE_WINDOW_MAX 1048576.0

/* A sum of products and the sum of their absolute values, on which rounding errors are measured. */
typedef struct cake_sum {
    double value, magnitude;
} cake_sum;

/* Sum of a[i] b[i]. */
cake_sum cake_dot(const double *a, const double *b, int64_t count);

/* Sum of (a[i] b[i])^2. */
double cake_squares(const double *a, const double *b, int64_t count);

/* True if a sum of `terms` products of whole numbers up to CAKE_INTEGER_MAX is exact in f32 in every order. */
bool cake_sum_is_exact(double terms);

/* Roundings that one operation may cost, in units of u (bounds.c tells why). */
#define CAKE_ROUNDINGS_DIVIDE 4.0
#define CAKE_ROUNDINGS_RSQRT 6.0
#define CAKE_ROUNDINGS_EXP 8.0

/* The value with its bound: `rounding` is the absolute error of the arithmetic; that of the output's dtype is added.
 * No error is allowed of an exact kernel. */
cake_expected cake_expect(const cake_reference *reference, double value, double rounding);

/* The tensor of the list with that name; must be there. */
int cake_tensor_index(const cake_tensor_list *list, const char *name);

/* Append a tensor: role, shape of `rank` extents. Returns it, for what is not the default. */
cake_tensor_spec *cake_tensor_add(cake_tensor_list *list, const char *name, cake_role role, int rank,
                                  const int64_t *shape);

/* The four words of Philox 4x32-10 (dropout.c). */
void cake_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t word[4]);

/* Append a constant [out][in] with the fill that keeps the sums of `in` products at the size of the inputs. */
void cake_weight_add(cake_tensor_list *list, const char *name, int64_t out, int64_t in);

/* Rounded up a / b, a >= 0, b > 0. */
static inline int64_t cake_ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

extern const cake_op cake_op_activation;
extern const cake_op cake_op_attention;
extern const cake_op cake_op_batch_norm;
extern const cake_op cake_op_conv2d;
extern const cake_op cake_op_conv3d;
extern const cake_op cake_op_conv_transpose2d;
extern const cake_op cake_op_deepseek_block;
extern const cake_op cake_op_dropout;
extern const cake_op cake_op_embedding;
extern const cake_op cake_op_group_norm;
extern const cake_op cake_op_layer_norm;
extern const cake_op cake_op_linear;
extern const cake_op cake_op_mha;
extern const cake_op cake_op_mla;
extern const cake_op cake_op_moe;
extern const cake_op cake_op_pool2d;
extern const cake_op cake_op_pool3d;
extern const cake_op cake_op_positional_encoding;
extern const cake_op cake_op_rms_norm;
extern const cake_op cake_op_rnn;
extern const cake_op cake_op_rope;
extern const cake_op cake_op_softmax;
extern const cake_op cake_op_tokenize;
extern const cake_op cake_op_transformer_block;

#endif
