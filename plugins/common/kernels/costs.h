/* What the kernels cost on a problem, as a model: of each the cycles of one core, to be compared with each other only.
 *
 * A core does two vector FMAs a cycle. Bytes that a thread reads over and over come at the rate of the level that holds
 * them: 32 a cycle from L2, 10 from L3, 4 from memory, in addition to the FMAs: where the two overlap, both do so in
 * all candidates alike. Work is divided evenly among the threads. Held against the measured times of the layers of
 * ResNet-50 and VGG-16 on a Zen 5 core; `layercake run --tune` measures instead. */
#ifndef LAYERCAKE_PLUGINS_COMMON_KERNELS_COSTS_H
#define LAYERCAKE_PLUGINS_COMMON_KERNELS_COSTS_H

#include "common/choose.h"

enum { CAKE_FMAS_A_CYCLE = 2 };

/* Cycles in which a core reads so many bytes of a thing that is `of_bytes` large. */
double cake_cost_of_reading(double bytes, double of_bytes, const cake_host *host);

/* The only candidate, or one that the layout or the problem decides. */
cake_cost cake_cost_none;

cake_cost cake_cost_attention_decode, cake_cost_attention_tiled;
cake_cost cake_cost_conv2d_depthwise, cake_cost_conv2d_winograd2, cake_cost_conv2d_winograd4;

/* Of several threads, each with panels of the weights and all of the rows (or pixels), or the other way round. */
cake_cost cake_cost_conv2d_direct, cake_cost_conv2d_direct_pixels;
cake_cost cake_cost_linear_panels, cake_cost_linear_rows;

cake_cost cake_cost_conv2d_strassen, cake_cost_linear_strassen;
cake_cost cake_cost_conv2d_hopcroft_kerr, cake_cost_linear_hopcroft_kerr;

/* An algorithm of bilinear_algorithms.inc.h. */
typedef struct cake_bilinear_cost {
    double k, n; /* cuts of the right matrix */
    double products;
} cake_bilinear_cost;

extern const cake_bilinear_cost cake_strassen_cost, cake_hopcroft_kerr_cost;

/* Of such an algorithm for a product [m][k] [k][n]. */
double cake_cost_of_bilinear(const cake_bilinear_cost *algorithm, double m, double k, double n, const cake_core *core,
                             const cake_problem *problem, const cake_host *host);

/* Images whose few channels would leave most of a vector empty. */
const char *cake_refuse_few_channels_conv2d(const cake_core *core, const cake_problem *problem);
const char *cake_refuse_few_channels_pool2d(const cake_core *core, const cake_problem *problem);

#endif
