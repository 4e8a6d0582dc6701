/* What the kernels that choose choose among, over vec_avx2.h. Built for the baseline CPU. */
#define ISA(name) name##_avx2
#define LANES 8
#define TILE_ROWS 6
#define BLOCK CAKE_NCHW8C

#include "common/kernels/choices.inc.h"
