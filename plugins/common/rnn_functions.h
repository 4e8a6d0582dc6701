/* What few libraries have of a recurrent layer: other activation functions, coupled gates. */
#ifndef LAYERCAKE_PLUGINS_RNN_FUNCTIONS_H
#define LAYERCAKE_PLUGINS_RNN_FUNCTIONS_H

#include "layercake/ops.h"
#include "layercake/plugin.h"

/* Does it compute another formula than its cell's? */
static inline int cake_rnn_has_other_functions(const cake_rnn *p)
{
    return CAKE_HAS(p, cake_rnn, h) && (p->input_forget || p->f || p->g || p->h);
}

#endif
