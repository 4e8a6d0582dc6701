/* Nodes that only move values: they are followed on the way to a layer, and those that keep the order of the elements
 * on the way from it. */
#ifndef LAYERCAKE_ONNX_MOVE_H
#define LAYERCAKE_ONNX_MOVE_H

#include "onnx/node.h"

typedef struct cake_onnx_mover {
    const char *op_type;
    bool keeps_order; /* its output's elements are its first input's, in their order */
    /* The value of its output; NULL with a failure in the node. */
    const cake_onnx_tensor *(*move)(cake_onnx_node *n);
} cake_onnx_mover;

/* That operator's, or NULL. */
const cake_onnx_mover *cake_onnx_mover_find(const char *op_type);

#endif
