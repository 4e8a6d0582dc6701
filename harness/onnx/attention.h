#ifndef LAYERCAKE_ONNX_ATTENTION_H
#define LAYERCAKE_ONNX_ATTENTION_H

#include "onnx/node.h"

/* [batch][heads][len][head_dim]: of [batch][len][heads head_dim] with `heads` of them, or as it is. A failure, and
 * any tensor of rank 4, for what is neither. */
const cake_onnx_tensor *cake_onnx_heads_first(cake_onnx_node *n, const cake_onnx_tensor *t, int64_t heads);

/* The mapping of Attention. */
void cake_onnx_attention(cake_onnx_node *n);

#endif
