/* The elements of a TensorProto: in one of its typed fields, in raw bytes, or in a file beside the model. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/layout.h"
#include "onnx/wire.h"

#define TYPE(name) ONNX__TENSOR_PROTO__DATA_TYPE__##name

static const int64_t elements_max = INT64_C(1) << 26;
static const size_t external_max = (size_t)1 << 30;

/* The typed field that holds elements where there are no raw bytes: its offset and that of its length. */
#define FIELD(member)                                                                                                \
    offsetof(Onnx__TensorProto, member), offsetof(Onnx__TensorProto, n_##member),                                    \
        sizeof *((Onnx__TensorProto *)0)->member

typedef struct element_type {
    const char *name;
    int32_t dtype; /* CAKE_F32, ...; 0: not read here */
    size_t data, count, size;
} element_type;

static const element_type types[] = {
    [TYPE(UNDEFINED)] = {.name = "undefined"},
    [TYPE(FLOAT)] = {"float", CAKE_F32, FIELD(float_data)},
    [TYPE(UINT8)] = {"uint8", CAKE_U8, FIELD(int32_data)},
    [TYPE(INT8)] = {"int8", CAKE_I8, FIELD(int32_data)},
    [TYPE(UINT16)] = {.name = "uint16"},
    [TYPE(INT16)] = {.name = "int16"},
    [TYPE(INT32)] = {"int32", CAKE_I32, FIELD(int32_data)},
    [TYPE(INT64)] = {"int64", CAKE_I64, FIELD(int64_data)},
    [TYPE(STRING)] = {.name = "string"},
    [TYPE(BOOL)] = {"bool", CAKE_U8, FIELD(int32_data)},
    [TYPE(FLOAT16)] = {"float16", CAKE_F16, FIELD(int32_data)},
    [TYPE(DOUBLE)] = {"double", CAKE_F64, FIELD(double_data)},
    [TYPE(UINT32)] = {.name = "uint32"},
    [TYPE(UINT64)] = {.name = "uint64"},
    [TYPE(COMPLEX64)] = {.name = "complex64"},
    [TYPE(COMPLEX128)] = {.name = "complex128"},
    [TYPE(BFLOAT16)] = {"bfloat16", CAKE_BF16, FIELD(int32_data)},
};

enum { N_TYPES = sizeof types / sizeof *types };

const char *cake_onnx_type_name(int32_t type)
{
    return type >= 0 && type < N_TYPES ? types[type].name : "unknown";
}

cake_status cake_onnx_read_file(cake_onnx_pool *pool, const char *path, size_t limit, cake_onnx_bytes *bytes,
                                cake_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cake_status st = CAKE_OK;
    struct stat info;
    uint8_t *data = NULL;
    size_t size = 0;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return cake_fail(error, CAKE_NOT_FOUND, "%s: no such file", path);
    if (fd < 0)
        return cake_fail(error, CAKE_E_USAGE, "%s: %s", path, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        st = cake_fail(error, CAKE_E_USAGE, "%s: expected a plain file, found something else", path);
    else if ((uint64_t)info.st_size > limit)
        st = cake_fail(error, CAKE_NOT_SUPPORTED, "%s: expected at most %zu MB, found %lld", path, limit >> 20,
                       (long long)(info.st_size >> 20));
    else if (!(data = cake_onnx_alloc(pool, (size_t)info.st_size + 1, 1)))
        st = cake_fail(error, CAKE_NOT_SUPPORTED, "%s: needs more than %zu MB of memory to read", path,
                       pool->limit >> 20);
    while (st == CAKE_OK && size < (size_t)info.st_size) {
        ssize_t got = read(fd, data + size, (size_t)info.st_size - size);

        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            st = cake_fail(error, CAKE_E_USAGE, "%s: %s", path, strerror(errno));
        size += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    *bytes = (cake_onnx_bytes){data, size};
    return st;
}

static const char *external_key(const Onnx__TensorProto *proto, const char *key)
{
    for (size_t i = 0; i < proto->n_external_data; i++) {
        const Onnx__StringStringEntryProto *entry = proto->external_data[i];

        if (entry->key && entry->value && strcmp(entry->key, key) == 0)
            return entry->value;
    }
    return NULL;
}

/* The bytes that the tensor names in a file of the folder: it must lie in it, whatever links say. */
static cake_status external_bytes(cake_onnx_pool *pool, const Onnx__TensorProto *proto, const char *folder,
                                  cake_onnx_bytes *bytes, cake_error *error)
{
    const char *location = external_key(proto, "location"), *offset = external_key(proto, "offset");
    const char *length = external_key(proto, "length");
    char path[PATH_MAX], real_folder[PATH_MAX], real_path[PATH_MAX];
    long long from = offset ? strtoll(offset, NULL, 10) : 0, count;
    cake_onnx_bytes file = {NULL, 0};
    cake_status st;
    size_t inside;

    if (!location || !folder)
        return cake_fail(error, CAKE_E_USAGE, "expected the location of external data, found none");
    if (location[0] == '/' || (size_t)snprintf(path, sizeof path, "%s/%s", folder, location) >= sizeof path)
        return cake_fail(error, CAKE_E_USAGE, "expected external data in the model's folder, found '%.200s'",
                         location);
    if (!realpath(folder, real_folder) || !realpath(path, real_path))
        return cake_fail(error, CAKE_E_USAGE, "external data '%.200s': %s", location, strerror(errno));
    inside = strlen(real_folder);
    if (strncmp(real_path, real_folder, inside) != 0 || real_path[inside] != '/')
        return cake_fail(error, CAKE_E_USAGE, "expected external data in the model's folder, found '%.200s'",
                         location);
    st = cake_onnx_read_file(pool, real_path, external_max, &file, error);
    if (st != CAKE_OK)
        return st;
    count = length ? strtoll(length, NULL, 10) : (long long)file.size - from;
    if (from < 0 || count < 0 || (size_t)from > file.size || (size_t)count > file.size - (size_t)from)
        return cake_fail(error, CAKE_E_USAGE, "external data '%.200s': expected %lld bytes at %lld, found %zu in all",
                         location, count, from, file.size);
    *bytes = (cake_onnx_bytes){file.at + from, (size_t)count};
    return CAKE_OK;
}

/* The shape; no product of extents overflows, whichever of them are 0. */
static cake_status read_shape(const Onnx__TensorProto *proto, cake_onnx_tensor *t, cake_error *error)
{
    int64_t size = 1;

    if (proto->n_dims > CAKE_ONNX_RANK)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "a tensor of %zu dimensions", proto->n_dims);
    t->count = 1;
    for (size_t i = 0; i < proto->n_dims; i++) {
        int64_t extent = proto->dims[i];

        if (extent < 0)
            return cake_fail(error, CAKE_E_USAGE, "expected extents of 0 and more, found %lld", (long long)extent);
        if (extent > 0 && (__builtin_mul_overflow(size, extent, &size) || size > elements_max))
            return cake_fail(error, CAKE_NOT_SUPPORTED, "a tensor of more than %lld elements",
                             (long long)elements_max);
        t->shape[i] = extent;
        t->count *= extent;
    }
    t->rank = (int)proto->n_dims;
    return CAKE_OK;
}

cake_status cake_onnx_read_tensor(cake_onnx_pool *pool, const Onnx__TensorProto *proto, const char *folder,
                                  const cake_onnx_tensor **tensor, cake_error *error)
{
    const element_type *type = proto->data_type >= 0 && proto->data_type < N_TYPES ? &types[proto->data_type] : NULL;
    bool raw = proto->has_raw_data;
    cake_onnx_bytes bytes = {proto->raw_data.data, proto->raw_data.len};
    cake_onnx_tensor *t;
    double *values;
    size_t width, step;
    cake_status st;

    if (!type || !type->dtype)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "element type %s", cake_onnx_type_name(proto->data_type));
    t = cake_onnx_alloc(pool, 1, sizeof *t);
    if (!t)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "needs more than %zu MB of memory", pool->limit >> 20);
    st = read_shape(proto, t, error);
    if (st == CAKE_OK && proto->has_data_location &&
        proto->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
        raw = true;
        st = external_bytes(pool, proto, folder, &bytes, error);
    }
    if (st != CAKE_OK)
        return st;
    width = (size_t)cake_dtype_size(type->dtype);
    step = raw ? width : type->size;
    if (!raw)
        bytes = (cake_onnx_bytes){*(const uint8_t *const *)((const char *)proto + type->data),
                                  *(const size_t *)((const char *)proto + type->count) * step};
    if (bytes.size != (size_t)t->count * step)
        return cake_fail(error, CAKE_E_USAGE, "expected %lld elements of type %s, found %zu bytes",
                         (long long)t->count, type->name, bytes.size);
    values = cake_onnx_alloc(pool, (size_t)t->count, sizeof *values);
    if (!values)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "needs more than %zu MB of memory", pool->limit >> 20);
    for (int64_t i = 0; i < t->count; i++)
        values[i] = cake_element_load(type->dtype, bytes.at + (size_t)i * step);
    t->name = proto->name ? proto->name : "";
    t->type = proto->data_type;
    t->values = values;
    *tensor = t;
    return CAKE_OK;
}
