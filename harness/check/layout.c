#include "check/layout.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static int64_t channel_block(int32_t layout)
{
    return layout == CAKE_NCHW8C ? 8 : layout == CAKE_NCHW16C ? 16 : 1;
}

static void strides_row_major(cake_tensor *tensor)
{
    int64_t step = 1;

    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        tensor->stride[d] = step;
        step *= tensor->shape[d];
    }
}

/* n, c, h, w of images. Blocks of one channel give nchw. */
static void strides_image(cake_tensor *tensor, int64_t *padded_elements)
{
    const int64_t *s = tensor->shape;
    int64_t block = channel_block(tensor->layout), blocks = (s[1] + block - 1) / block;

    if (tensor->layout == CAKE_NHWC) {
        tensor->stride[1] = 1;
        tensor->stride[3] = s[1];
        tensor->stride[2] = s[1] * s[3];
        tensor->stride[0] = s[1] * s[3] * s[2];
    } else {
        tensor->stride[3] = block;
        tensor->stride[2] = block * s[3];
        tensor->stride[1] = block * s[3] * s[2];
        tensor->stride[0] = block * s[3] * s[2] * blocks;
    }
    *padded_elements = s[0] * blocks * block * s[2] * s[3];
}

cake_tensor cake_tensor_describe(const cake_tensor_spec *spec, int32_t dtype, int32_t layout)
{
    cake_tensor tensor = {
        .struct_size = CAKE_SIZE_THROUGH(cake_tensor, data),
        .dtype = spec->dtype ? spec->dtype : dtype,
        .layout = spec->image ? layout : CAKE_PLAIN,
        .rank = spec->rank,
    };
    int64_t elements;

    memcpy(tensor.shape, spec->shape, sizeof tensor.shape);
    if (tensor.layout == CAKE_PLAIN) {
        strides_row_major(&tensor);
        elements = cake_spec_elements(spec);
    } else {
        assert(spec->rank == 4);
        strides_image(&tensor, &elements);
    }
    tensor.size_bytes = (uint64_t)(elements * cake_dtype_size(tensor.dtype));
    return tensor;
}

int64_t cake_tensor_elements(const cake_tensor *tensor)
{
    int64_t elements = 1;

    for (int32_t d = 0; d < tensor->rank; d++)
        elements *= tensor->shape[d];
    return elements;
}

int64_t cake_tensor_offset(const cake_tensor *tensor, int64_t element)
{
    int64_t block = channel_block(tensor->layout), offset = 0;

    for (int32_t d = tensor->rank - 1; d >= 0; d--) {
        int64_t at = element % tensor->shape[d];

        element /= tensor->shape[d];
        offset += d == 1 && block > 1 ? at / block * tensor->stride[1] + at % block : at * tensor->stride[d];
    }
    return offset;
}

/* ---- elements ---- */

static uint32_t f32_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float f32_from_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Round to nearest even at bit 16 of the binary32. A double is first rounded to odd in binary32, so that the two
 * roundings together are one (Boldo and Melquiond 2008). */
static uint16_t bf16_bits(double value)
{
    float nearest = (float)value;
    uint32_t bits = f32_bits(nearest);

    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    if (isfinite(nearest) && (double)nearest != value) {
        if (fabs((double)nearest) > fabs(value))
            bits--; /* towards zero */
        bits |= 1;
    }
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* binary16: 11 significant bits, exponents -14 .. 15, quantum 2^-24. */
static uint16_t f16_bits(double value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double magnitude = fabs(value), scaled;
    int exponent;

    if (isnan(value))
        return (uint16_t)(sign | 0x7e00);
    if (magnitude >= 65520)
        return (uint16_t)(sign | 0x7c00);
    if (magnitude < 0x1p-14)
        return (uint16_t)(sign | (uint16_t)nearbyint(magnitude * 0x1p24));
    frexp(magnitude, &exponent);
    scaled = nearbyint(ldexp(magnitude, 11 - exponent)); /* 1024 .. 2048 */
    return (uint16_t)(sign + (uint16_t)((exponent + 13) * 1024) + (uint16_t)scaled);
}

static double f16_value(uint16_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double magnitude = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                       : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                      : ldexp(fraction, -24);

    return bits & 0x8000 ? -magnitude : magnitude;
}

static double saturated(double value, double low, double high)
{
    return isnan(value) ? 0 : fmin(fmax(nearbyint(value), low), high);
}

void cake_element_store(int32_t dtype, void *at, double value)
{
    union {
        float f32;
        uint16_t half;
        int8_t i8;
        uint8_t u8;
        int32_t i32;
        int64_t i64;
        double f64;
    } to;

    switch (dtype) {
    case CAKE_F32:
        to.f32 = (float)value;
        break;
    case CAKE_BF16:
        to.half = bf16_bits(value);
        break;
    case CAKE_F16:
        to.half = f16_bits(value);
        break;
    case CAKE_I8:
        to.i8 = (int8_t)saturated(value, INT8_MIN, INT8_MAX);
        break;
    case CAKE_U8:
        to.u8 = (uint8_t)saturated(value, 0, UINT8_MAX);
        break;
    case CAKE_I32:
        to.i32 = (int32_t)saturated(value, INT32_MIN, INT32_MAX);
        break;
    case CAKE_I64:
        to.i64 = (int64_t)saturated(value, -0x1p63, 0x1.fffffffffffffp62);
        break;
    default:
        to.f64 = value;
        break;
    }
    memcpy(at, &to, (size_t)cake_dtype_size(dtype));
}

double cake_element_load(int32_t dtype, const void *at)
{
    union {
        float f32;
        uint16_t half;
        int8_t i8;
        uint8_t u8;
        int32_t i32;
        int64_t i64;
        double f64;
    } from;

    memcpy(&from, at, (size_t)cake_dtype_size(dtype));
    switch (dtype) {
    case CAKE_F32:
        return (double)from.f32;
    case CAKE_BF16:
        return (double)f32_from_bits((uint32_t)from.half << 16);
    case CAKE_F16:
        return f16_value(from.half);
    case CAKE_I8:
        return from.i8;
    case CAKE_U8:
        return from.u8;
    case CAKE_I32:
        return from.i32;
    case CAKE_I64:
        return (double)from.i64;
    default:
        return from.f64;
    }
}

double cake_dtype_round(int32_t dtype, double value)
{
    uint64_t memory = 0;

    cake_element_store(dtype, &memory, value);
    return cake_element_load(dtype, &memory);
}

/* ---- whole tensors ---- */

void cake_tensor_store(const cake_tensor *tensor, const double *values)
{
    int64_t elements = cake_tensor_elements(tensor);
    int64_t width = cake_dtype_size(tensor->dtype), row = tensor->shape[tensor->rank - 1];
    int64_t step = tensor->stride[tensor->rank - 1];
    char *data = tensor->data;

    if (channel_block(tensor->layout) > 1)
        memset(data, 0, tensor->size_bytes);
    for (int64_t begin = 0; begin < elements; begin += row) {
        /* A rank-2-or-less blocked tensor does not exist, so the last dimension is never the channels. */
        char *at = data + cake_tensor_offset(tensor, begin) * width;

        /* Nearly all tensors, and some have millions of elements. */
        if (tensor->dtype == CAKE_F32 && step == 1) {
            for (int64_t i = 0; i < row; i++)
                ((float *)(void *)at)[i] = (float)values[begin + i];
            continue;
        }
        for (int64_t i = 0; i < row; i++)
            cake_element_store(tensor->dtype, at + i * step * width, values[begin + i]);
    }
}

uint64_t cake_dtype_poison(int32_t dtype)
{
    switch (dtype) {
    case CAKE_F32:
        return UINT64_C(0x7fa5dead);
    case CAKE_BF16:
        return UINT64_C(0x7fa5);
    case CAKE_F16:
        return UINT64_C(0x7d5a);
    case CAKE_F64:
        return UINT64_C(0x7ff5deadbeefdead);
    default:
        return UINT64_C(0xa5a5a5a5a5a5a5a5);
    }
}

void cake_tensor_poison(const cake_tensor *tensor)
{
    uint64_t pattern = cake_dtype_poison(tensor->dtype), width = (uint64_t)cake_dtype_size(tensor->dtype);
    char *data = tensor->data;

    for (uint64_t at = 0; at < tensor->size_bytes; at += width)
        memcpy(data + at, &pattern, width);
}

bool cake_element_is_poison(int32_t dtype, const void *at)
{
    uint64_t pattern = cake_dtype_poison(dtype);

    switch (dtype) {
    case CAKE_F32:
    case CAKE_BF16:
    case CAKE_F16:
    case CAKE_F64:
        return memcmp(at, &pattern, (size_t)cake_dtype_size(dtype)) == 0;
    default:
        return false;
    }
}
