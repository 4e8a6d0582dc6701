/* What few kernels have of a layer: each that has not must refuse it. */
#ifndef LAYERCAKE_PLUGINS_RARE_H
#define LAYERCAKE_PLUGINS_RARE_H

#include "layercake/ops.h"
#include "layercake/plugin.h"

/* Other activation functions than the cell's formula has, or coupled gates. */
static inline int cake_rnn_has_other_functions(const cake_rnn *p)
{
    return CAKE_HAS(p, cake_rnn, h) && (p->input_forget || p->f || p->g || p->h);
}

/* The maxima's places as an output. */
static inline int cake_pool2d_has_indices(const cake_pool2d *p)
{
    return CAKE_HAS(p, cake_pool2d, indices) && p->indices;
}

#endif
