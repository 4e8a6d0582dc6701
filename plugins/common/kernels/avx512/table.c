/* The kernels over vec_avx512.h, one thread each. Built for the baseline CPU; only the kernels need the
 * instructions. */
#include "common/kernels/kernels.h"
#include "common/kernels/tables.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The members that all kernels here have in common, and those that differ. */
#define KERNEL_IN(layouts_, op_, name_, accuracy_, reduction_, phased_)                                              \
    {                                                                                                                \
        .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close), .accuracy = (accuracy_), .op = (op_), .name = (name_), \
        .layouts = (layouts_), .n_layouts = COUNT(layouts_), .min_align = 64, .max_threads = 1,                      \
        .reduction = (reduction_), .data = (phased_), .can_run = cake_phased_can_run, .open = cake_phased_open,      \
        .run = cake_phased_run, .close = cake_phased_close                                                           \
    }

#define KERNEL(op_, name_, accuracy_, reduction_, phased_)                                                           \
    KERNEL_IN(blocked, op_, name_, accuracy_, reduction_, phased_)

/* Of images; other ops have none. */
static const int32_t blocked[] = {CAKE_NCHW16C}, planar[] = {CAKE_NCHW};
static const int32_t by_pixel[] = {CAKE_NCHW16C, CAKE_NHWC}, channels_last[] = {CAKE_NHWC};
static const int32_t any_layout[] = {CAKE_NCHW16C, CAKE_NCHW, CAKE_NHWC}, by_channel[] = {CAKE_NCHW16C, CAKE_NCHW};

static const cake_kernel conv2d[] = {
    KERNEL("conv2d", "depthwise", CAKE_STANDARD, 1, &cake_conv2d_depthwise_avx512),
    KERNEL_IN(by_pixel, "conv2d", "direct", CAKE_STANDARD, 1, &cake_conv2d_direct_avx512),
    KERNEL_IN(channels_last, "conv2d", "first", CAKE_STANDARD, 1, &cake_conv2d_first_avx512),
    KERNEL_IN(by_pixel, "conv2d", "hopcroft_kerr", CAKE_FAST, 32.0 / 26, &cake_conv2d_hopcroft_kerr_avx512),
    KERNEL_IN(by_pixel, "conv2d", "strassen", CAKE_FAST, 8.0 / 7, &cake_conv2d_strassen_avx512),
    KERNEL("conv2d", "winograd2", CAKE_FAST, 2.25, &cake_conv2d_winograd2_avx512),
    KERNEL("conv2d", "winograd4", CAKE_FAST, 4, &cake_conv2d_winograd4_avx512),
};

/* Each opens one of the others of its op. */
static const cake_kernel autos[] = {
    KERNEL("attention", "auto", CAKE_STANDARD, 1, &cake_attention_auto_avx512),
    KERNEL_IN(any_layout, "batch_norm", "auto", CAKE_STANDARD, 1, &cake_batch_norm_auto_avx512),
    KERNEL_IN(by_pixel, "conv2d", "auto", CAKE_STANDARD, 1, &cake_conv2d_auto_avx512),
    KERNEL_IN(by_pixel, "conv2d", "auto-fast", CAKE_FAST, 4, &cake_conv2d_auto_fast_avx512),
    KERNEL("linear", "auto", CAKE_STANDARD, 1, &cake_linear_auto_avx512),
    KERNEL("linear", "auto-fast", CAKE_FAST, 32.0 / 26, &cake_linear_auto_fast_avx512),
    KERNEL_IN(any_layout, "pool2d", "auto", CAKE_STANDARD, 1, &cake_pool2d_auto_avx512),
};

static const cake_kernel table[] = {
    KERNEL("activation", "run", CAKE_STANDARD, 1, &cake_activation_run_avx512),
    KERNEL("attention", "decode", CAKE_STANDARD, 1, &cake_attention_decode_avx512),
    KERNEL("attention", "tiled", CAKE_STANDARD, 1, &cake_attention_tiled_avx512),
    KERNEL_IN(any_layout, "batch_norm", "affine", CAKE_STANDARD, 1, &cake_batch_norm_affine_avx512),
    KERNEL_IN(by_channel, "batch_norm", "training", CAKE_STANDARD, 1, &cake_batch_norm_training_avx512),
    KERNEL("deepseek_block", "composed", CAKE_STANDARD, 1, &cake_deepseek_block_composed_avx512),
    KERNEL("dropout", "philox", CAKE_STANDARD, 1, &cake_dropout_philox_avx512),
    KERNEL("embedding", "rows", CAKE_EXACT, 1, &cake_embedding_rows_avx512),
    KERNEL_IN(planar, "group_norm", "runs", CAKE_STANDARD, 1, &cake_group_norm_runs_avx512),
    KERNEL("layer_norm", "rows", CAKE_STANDARD, 1, &cake_layer_norm_rows_avx512),
    KERNEL("linear", "hopcroft_kerr", CAKE_FAST, 32.0 / 26, &cake_linear_hopcroft_kerr_avx512),
    KERNEL("linear", "packed", CAKE_STANDARD, 1, &cake_linear_packed_avx512),
    KERNEL("linear", "strassen", CAKE_FAST, 8.0 / 7, &cake_linear_strassen_avx512),
    KERNEL("mha", "composed", CAKE_STANDARD, 1, &cake_mha_composed_avx512),
    KERNEL("mla", "composed", CAKE_STANDARD, 1, &cake_mla_composed_avx512),
    KERNEL("moe", "composed", CAKE_STANDARD, 1, &cake_moe_composed_avx512),
    KERNEL_IN(by_pixel, "pool2d", "lanes", CAKE_STANDARD, 1, &cake_pool2d_lanes_avx512),
    KERNEL_IN(planar, "pool2d", "planes", CAKE_STANDARD, 1, &cake_pool2d_planes_avx512),
    KERNEL("positional_encoding", "table", CAKE_STANDARD, 1, &cake_positional_encoding_table_avx512),
    KERNEL("rms_norm", "rows", CAKE_STANDARD, 1, &cake_rms_norm_rows_avx512),
    KERNEL("rnn", "steps", CAKE_STANDARD, 1, &cake_rnn_steps_avx512),
    KERNEL("rope", "table", CAKE_STANDARD, 1, &cake_rope_table_avx512),
    KERNEL("softmax", "passes", CAKE_STANDARD, 1, &cake_softmax_passes_avx512),
    KERNEL("transformer_block", "composed", CAKE_STANDARD, 1, &cake_transformer_block_composed_avx512),
};

#define AUTOS &autos[0], &autos[1], &autos[2], &autos[3], &autos[4], &autos[5], &autos[6]
#define CONV2D &conv2d[0], &conv2d[1], &conv2d[2], &conv2d[3], &conv2d[4], &conv2d[5], &conv2d[6]

static const cake_kernel *const list[] = {
    AUTOS,      CONV2D,     &table[0],  &table[1],  &table[2],  &table[3],  &table[4],  &table[5],  &table[6],
    &table[7],  &table[8],  &table[9],  &table[10], &table[11], &table[12], &table[13], &table[14], &table[15],
    &table[16], &table[17], &table[18], &table[19], &table[20], &table[21], &table[22], &table[23],
};

_Static_assert(COUNT(list) == COUNT(autos) + COUNT(conv2d) + COUNT(table), "every kernel is listed");

const cake_kernel_table cake_kernels_avx512 = {list, COUNT(list)};
