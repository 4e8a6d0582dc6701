/* A model's graph: the one node that is a layer of ours, and the nodes around it that only move values. */
#ifndef LAYERCAKE_ONNX_GRAPH_H
#define LAYERCAKE_ONNX_GRAPH_H

#include "onnx/node.h"

/* The files of a data set; what lacks `at` is not there. */
typedef struct cake_onnx_set {
    cake_onnx_bytes inputs[CAKE_ONNX_INPUTS], outputs[CAKE_ONNX_OUTPUTS];
} cake_onnx_set;

typedef struct cake_onnx_graph {
    cake_onnx_pool *pool;
    const char *folder; /* of external data; NULL: there is none */
    const Onnx__GraphProto *proto;
    int64_t opset;
    size_t layer; /* index of the node */
    size_t tail;  /* index of the node behind it that is part of it; the number of nodes: there is none */
} cake_onnx_graph;

/* Read a model. CAKE_NOT_SUPPORTED: it is not one layer of ours. CAKE_E_USAGE: it is no model. The graph lives as
 * long as the pool. */
cake_status cake_onnx_graph_read(cake_onnx_pool *pool, cake_onnx_bytes model, const char *folder,
                                 cake_onnx_graph *graph, cake_error *error);

/* The layer's cases for a data set, into a node that is zeroed but for `file`, `name` and `variant`. The result is
 * its status. The caller frees the node. */
cake_status cake_onnx_graph_map(const cake_onnx_graph *graph, const cake_onnx_set *set, cake_onnx_node *node);

/* Does the reference give the published outputs, within its error bounds? CAKE_NOT_FOUND with the first that differs;
 * CAKE_NOT_SUPPORTED: it would take too much memory or time. On success what the workload expects becomes a range,
 * for kernels: as far again as the bound. */
cake_status cake_onnx_hold(cake_workload *workload, int32_t type, int threads, cake_error *error);

#endif
