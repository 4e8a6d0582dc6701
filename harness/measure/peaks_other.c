#include "measure/peaks_kernels.h"

const cake_peak_kernel *const cake_peak_tables[] = {
    cake_peak_kernels_portable,
    NULL,
};
