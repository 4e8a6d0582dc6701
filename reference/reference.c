#include "reference/reference.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "reference/internal.h"

const cake_op *const cake_ops[] = {
    &cake_op_activation,
    &cake_op_attention,
    &cake_op_batch_norm,
    &cake_op_conv2d,
    &cake_op_conv3d,
    &cake_op_conv_transpose2d,
    &cake_op_deepseek_block,
    &cake_op_dropout,
    &cake_op_embedding,
    &cake_op_group_norm,
    &cake_op_layer_norm,
    &cake_op_linear,
    &cake_op_mha,
    &cake_op_mla,
    &cake_op_moe,
    &cake_op_pool2d,
    &cake_op_pool3d,
    &cake_op_positional_encoding,
    &cake_op_rms_norm,
    &cake_op_rnn,
    &cake_op_rope,
    &cake_op_softmax,
    &cake_op_tokenize,
    &cake_op_transformer_block,
    NULL,
};

static const struct {
    int32_t dtype;
    int32_t size;
    const char *name;
} dtypes[] = {
    {CAKE_F32, 4, "f32"}, {CAKE_BF16, 2, "bf16"}, {CAKE_F16, 2, "f16"}, {CAKE_I8, 1, "i8"},
    {CAKE_U8, 1, "u8"},   {CAKE_I32, 4, "i32"},   {CAKE_I64, 8, "i64"}, {CAKE_F64, 8, "f64"},
};
enum { DTYPES = sizeof dtypes / sizeof dtypes[0], LARGEST_DTYPE = 8 };

static const struct {
    int32_t layout;
    int32_t channel_block;
    const char *name;
} layouts[] = {
    {CAKE_PLAIN, 1, "plain"},   {CAKE_NCHW, 1, "nchw"},        {CAKE_NHWC, 1, "nhwc"},
    {CAKE_NCHW8C, 8, "nchw8c"}, {CAKE_NCHW16C, 16, "nchw16c"},
};
enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };

const cake_op *cake_op_find(const char *name)
{
    for (int i = 0; cake_ops[i]; i++)
        if (strcmp(cake_ops[i]->name, name) == 0)
            return cake_ops[i];
    return NULL;
}

int64_t cake_dtype_size(int32_t dtype)
{
    for (int i = 0; i < DTYPES; i++)
        if (dtypes[i].dtype == dtype)
            return dtypes[i].size;
    return 0;
}

const char *cake_dtype_name(int32_t dtype)
{
    for (int i = 0; i < DTYPES; i++)
        if (dtypes[i].dtype == dtype)
            return dtypes[i].name;
    return "unknown";
}

int32_t cake_dtype_find(const char *name)
{
    for (int i = 0; i < DTYPES; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return dtypes[i].dtype;
    return 0;
}

const char *cake_layout_name(int32_t layout)
{
    for (int i = 0; i < LAYOUTS; i++)
        if (layouts[i].layout == layout)
            return layouts[i].name;
    return "unknown";
}

int32_t cake_layout_find(const char *name)
{
    for (int i = 0; i < LAYOUTS; i++)
        if (strcmp(layouts[i].name, name) == 0)
            return layouts[i].layout;
    return -1;
}

static int64_t channel_block(int32_t layout)
{
    for (int i = 0; i < LAYOUTS; i++)
        if (layouts[i].layout == layout)
            return layouts[i].channel_block;
    return 1;
}

bool cake_size_mul(int64_t a, int64_t b, int64_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool cake_size_add(int64_t a, int64_t b, int64_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

int64_t cake_spec_elements(const cake_tensor_spec *spec)
{
    int64_t count = 1;

    for (int d = 0; d < spec->rank; d++)
        count *= spec->shape[d];
    return count;
}

int64_t cake_spec_bytes(const cake_tensor_spec *spec, int32_t dtype, int32_t layout)
{
    int64_t bytes = cake_dtype_size(spec->dtype ? spec->dtype : dtype);

    for (int d = 0; d < spec->rank; d++) {
        int64_t block = spec->image && d == 1 ? channel_block(layout) : 1;

        bytes *= cake_ceil_div(spec->shape[d], block) * block;
    }
    return bytes;
}

double cake_op_bytes(const cake_op *op, const void *params, int32_t dtype)
{
    cake_tensor_list list = {0};
    double bytes = 0;

    if (op->bytes)
        return op->bytes(params, dtype);
    op->tensors(params, &list);
    for (int i = 0; i < list.count; i++)
        bytes += (double)cake_spec_bytes(&list.tensor[i], dtype, CAKE_PLAIN);
    return bytes;
}

cake_status cake_validate_tensors(const cake_op *op, const void *params, cake_error *error)
{
    const int64_t limit = INT64_C(1) << 62;
    cake_tensor_list list = {0};

    op->tensors(params, &list);
    for (int i = 0; i < list.count; i++) {
        const cake_tensor_spec *spec = &list.tensor[i];
        int64_t bytes = LARGEST_DTYPE;

        for (int d = 0; d < spec->rank; d++) {
            /* Room for the largest channel block, in whatever layout the tensor will come. */
            int64_t extent = spec->image && d == 1 ? cake_ceil_div(spec->shape[d], 16) * 16 : spec->shape[d];

            if (!cake_size_mul(bytes, extent, &bytes) || bytes >= limit)
                return cake_fail(error, CAKE_E_USAGE,
                                 "expected tensors smaller than 2^62 bytes, found '%s' beyond that", spec->name);
        }
    }
    return CAKE_OK;
}

int cake_tensor_index(const cake_tensor_list *list, const char *name)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->tensor[i].name, name) == 0)
            return i;
    assert(false && "the op has no tensor of that name");
    return -1;
}

cake_tensor_spec *cake_tensor_add(cake_tensor_list *list, const char *name, cake_role role, int rank,
                                  const int64_t *shape)
{
    cake_tensor_spec *spec = &list->tensor[list->count++];

    assert(list->count <= CAKE_MAX_TENSORS && rank <= CAKE_MAX_RANK);
    *spec = (cake_tensor_spec){.name = name, .role = role, .rank = rank};
    memcpy(spec->shape, shape, (size_t)rank * sizeof *shape);
    return spec;
}

void cake_weight_add(cake_tensor_list *list, const char *name, int64_t out, int64_t in)
{
    cake_tensor_add(list, name, CAKE_ROLE_CONSTANT, 2, (int64_t[]){out, in})->scale = 1 / sqrt((double)in);
}
