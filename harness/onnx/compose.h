/* Layers that a graph spells out in smaller operators. */
#ifndef LAYERCAKE_ONNX_COMPOSE_H
#define LAYERCAKE_ONNX_COMPOSE_H

#include "onnx/wire.h"

enum { CAKE_ONNX_COMPOSED_OPSET = 20 };

/* If the whole graph is such a layer, put one node of operator set CAKE_ONNX_COMPOSED_OPSET in the place of its nodes.
 * False: it is not, and stays as it is. */
bool cake_onnx_compose(cake_onnx_pool *pool, Onnx__GraphProto *graph);

#endif
