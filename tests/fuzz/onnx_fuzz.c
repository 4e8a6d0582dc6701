/* Bytes of strangers as a model with its data set: read, map, and hold the reference to what is small.
 *
 * An input is pieces, each a length of 3 bytes (little-endian) and so many bytes: the model, inputs, and the outputs
 * after an empty piece. `onnx_replay` runs the same function over files, without libFuzzer:
 *
 *     build/fuzz/tests/fuzz/onnx_fuzz -max_total_time=600 -rss_limit_mb=512 CORPUS
 */
#include <stdlib.h>
#include <string.h>

#include "onnx/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static cake_onnx_bytes piece(const uint8_t **data, size_t *left)
{
    cake_onnx_bytes bytes = {NULL, 0};
    size_t length;

    if (*left < 3)
        return bytes;
    length = (size_t)(*data)[0] | (size_t)(*data)[1] << 8 | (size_t)(*data)[2] << 16;
    *data += 3;
    *left -= 3;
    length = length < *left ? length : *left;
    bytes = (cake_onnx_bytes){*data, length};
    *data += length;
    *left -= length;
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MEMORY = 32 << 20, FLOPS = 100000 };
    cake_onnx_pool pool = {.limit = MEMORY};
    cake_onnx_bytes model = piece(&data, &size), bytes;
    cake_onnx_set set = {0};
    cake_onnx_graph graph;
    cake_error error = {""};
    int n = 0;

    for (; n < CAKE_ONNX_INPUTS && (bytes = piece(&data, &size)).size > 0; n++)
        set.inputs[n] = bytes;
    for (n = 0; n < CAKE_ONNX_OUTPUTS && (bytes = piece(&data, &size)).size > 0; n++)
        set.outputs[n] = bytes;
    if (cake_onnx_graph_read(&pool, model, "/nonexistent", &graph, &error) == CAKE_OK)
        for (int variant = 0, variants = 1; variant < variants; variant++) {
            cake_onnx_node node = {.file = "fuzz", .name = "fuzz", .variant = variant};
            cake_status st = cake_onnx_graph_map(&graph, &set, &node);

            if ((st == CAKE_OK) != (node.count > 0 && node.status == CAKE_OK))
                abort();
            for (size_t i = 0; st == CAKE_OK && i < node.count; i++)
                if (cake_workload_memory(&node.workloads[i], CAKE_F32) < MEMORY &&
                    node.workloads[i].op->flops(node.workloads[i].params) < FLOPS)
                    cake_onnx_hold(&node.workloads[i], ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, 1, &error);
            variants = node.variants > 0 ? 2 : 1;
            cake_onnx_node_free(&node);
        }
    if (pool.used > pool.limit)
        abort();
    cake_onnx_pool_free(&pool);
    return 0;
}
