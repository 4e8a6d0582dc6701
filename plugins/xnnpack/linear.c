/* linear by XNNPACK's fully connected operator, whose weights come as ours: [out][in]. */
#include <stddef.h>

#include "xnnpack/api.h"

static const char *refuse(const cake_problem *problem)
{
    (void)problem;
    return NULL;
}

const operator_maker cake_xnnpack_linear = {sizeof(cake_linear), refuse, cake_xnn_create_linear,
                                            cake_xnn_reshape_linear, cake_xnn_setup_linear};
