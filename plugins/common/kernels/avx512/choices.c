/* What the kernels that choose choose among, over vec_avx512.h. Built for the baseline CPU. */
#define ISA(name) name##_avx512
#define LANES 16
#define TILE_ROWS 14
#define BLOCK CAKE_NCHW16C

#include "common/kernels/choices.inc.h"
