/* What the kernels that choose choose among, over vec_portable.h. Built for the baseline CPU. */
#define ISA(name) name##_portable
#define LANES 8
#define TILE_ROWS 6
#define BLOCK CAKE_NCHW8C

#include "common/kernels/choices.inc.h"
