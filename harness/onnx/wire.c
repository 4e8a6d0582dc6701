#include "onnx/wire.h"

enum { DEPTH_MAX = 32 }; /* of messages in messages: the library's stack grows with it */

/* A varint; false if there is none. */
static bool varint(cake_onnx_bytes *bytes, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && bytes->size > 0; shift += 7) {
        uint8_t byte = *bytes->at++;

        bytes->size--;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool skip(cake_onnx_bytes *bytes, uint64_t count)
{
    if (count > bytes->size)
        return false;
    bytes->at += count;
    bytes->size -= count;
    return true;
}

/* Do messages lie in messages no deeper than that? The library recurses without a limit of its own. */
static bool shallow(const ProtobufCMessageDescriptor *kind, cake_onnx_bytes bytes, int depth)
{
    enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

    while (bytes.size > 0) {
        const ProtobufCFieldDescriptor *field;
        uint64_t tag, length = 0;

        if (!varint(&bytes, &tag))
            return false;
        field = protobuf_c_message_descriptor_get_field(kind, (unsigned)(tag >> 3));
        switch (tag & 7) {
        case VARINT:
            if (!varint(&bytes, &length))
                return false;
            continue;
        case FIXED64:
            length = 8;
            break;
        case FIXED32:
            length = 4;
            break;
        case LENGTH:
            if (!varint(&bytes, &length) || length > bytes.size)
                return false;
            if (field && field->type == PROTOBUF_C_TYPE_MESSAGE &&
                (depth == 0 || !shallow(field->descriptor, (cake_onnx_bytes){bytes.at, length}, depth - 1)))
                return false;
            break;
        default:
            return false;
        }
        if (!skip(&bytes, length))
            return false;
    }
    return true;
}

static void *take(void *pool, size_t size)
{
    return cake_onnx_alloc(pool, 1, size);
}

static void keep(void *pool, void *memory)
{
    (void)pool;
    (void)memory;
}

static cake_status unpack(cake_onnx_pool *pool, const ProtobufCMessageDescriptor *kind, cake_onnx_bytes bytes,
                          ProtobufCMessage **message, cake_error *error)
{
    ProtobufCAllocator allocator = {take, keep, pool};

    if (!shallow(kind, bytes, DEPTH_MAX))
        return cake_fail(error, CAKE_E_USAGE, "expected a %s, found %zu bytes that are none, or nested too deep",
                         kind->short_name, bytes.size);
    *message = protobuf_c_message_unpack(kind, &allocator, bytes.size, bytes.at);
    if (*message)
        return CAKE_OK;
    if (pool->failed)
        return cake_fail(error, CAKE_NOT_SUPPORTED, "needs more than %zu MB of memory to read", pool->limit >> 20);
    return cake_fail(error, CAKE_E_USAGE, "expected a %s, found %zu bytes that are none", kind->short_name,
                     bytes.size);
}

cake_status cake_onnx_unpack_model(cake_onnx_pool *pool, cake_onnx_bytes bytes, Onnx__ModelProto **model,
                                   cake_error *error)
{
    ProtobufCMessage *message = NULL;
    cake_status st = unpack(pool, &onnx__model_proto__descriptor, bytes, &message, error);

    *model = (Onnx__ModelProto *)(void *)message;
    return st;
}

cake_status cake_onnx_unpack_tensor(cake_onnx_pool *pool, cake_onnx_bytes bytes, Onnx__TensorProto **tensor,
                                    cake_error *error)
{
    ProtobufCMessage *message = NULL;
    cake_status st = unpack(pool, &onnx__tensor_proto__descriptor, bytes, &message, error);

    *tensor = (Onnx__TensorProto *)(void *)message;
    return st;
}
