/* softmax of rows, and the activations that XNNPACK has. */
#include <stddef.h>

#include "xnnpack/api.h"

static const char *refuse_softmax(const cake_problem *problem)
{
    const cake_softmax *p = problem->params;

    if (p->log)
        return "XNNPACK has no logarithm of softmax";
    return p->inner != 1 ? "XNNPACK's softmax is along the last dimension" : NULL;
}

static const char *refuse_activation(const cake_problem *problem)
{
    const cake_activation *p = problem->params;

    return cake_xnn_refuse_activation(p->kind);
}

const operator_maker cake_xnnpack_softmax = {sizeof(cake_softmax), refuse_softmax, cake_xnn_create_softmax,
                                             cake_xnn_reshape_softmax, cake_xnn_setup_softmax};
const operator_maker cake_xnnpack_activation = {sizeof(cake_activation), refuse_activation,
                                                cake_xnn_create_activation, cake_xnn_reshape_activation,
                                                cake_xnn_setup_activation};
