#include "common/vec/vec_avx512.h"

#include "common/kernels/conv2d_bilinear.inc.h"
#include "common/kernels/linear_bilinear.inc.h"

const cake_phased cake_conv2d_strassen_avx512 = BILINEAR_KERNEL(cake_conv2d_strassen_can_run, conv_strassen_open);
const cake_phased cake_conv2d_hopcroft_kerr_avx512 =
    BILINEAR_KERNEL(cake_conv2d_hopcroft_kerr_can_run, conv_hopcroft_kerr_open);
const cake_phased cake_linear_strassen_avx512 = BILINEAR_KERNEL(cake_linear_strassen_can_run, linear_strassen_open);
const cake_phased cake_linear_hopcroft_kerr_avx512 =
    BILINEAR_KERNEL(cake_linear_hopcroft_kerr_can_run, linear_hopcroft_kerr_open);
