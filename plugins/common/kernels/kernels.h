/* The vector kernels that avx2, avx512 and openmp share, as phases (common/phased.h). One source each,
 * <op>_<kernel>.inc.h, compiled once for every vector width. Grouped by op; the order within an op is no preference.
 */
#ifndef LAYERCAKE_PLUGINS_COMMON_KERNELS_H
#define LAYERCAKE_PLUGINS_COMMON_KERNELS_H

#include "common/phased.h"

/* What opens one of several (common/choose.h). */
extern const cake_phased cake_attention_auto_avx2, cake_attention_auto_avx512, cake_attention_auto_portable;
extern const cake_phased cake_batch_norm_auto_avx2, cake_batch_norm_auto_avx512, cake_batch_norm_auto_portable;
extern const cake_phased cake_conv2d_auto_avx2, cake_conv2d_auto_avx512, cake_conv2d_auto_portable;
extern const cake_phased cake_conv2d_auto_fast_avx2, cake_conv2d_auto_fast_avx512, cake_conv2d_auto_fast_portable;
extern const cake_phased cake_linear_auto_avx2, cake_linear_auto_avx512, cake_linear_auto_portable;
extern const cake_phased cake_linear_auto_fast_avx2, cake_linear_auto_fast_avx512, cake_linear_auto_fast_portable;
extern const cake_phased cake_pool2d_auto_avx2, cake_pool2d_auto_avx512, cake_pool2d_auto_portable;

extern const cake_phased cake_linear_packed_avx2, cake_linear_packed_avx512, cake_linear_packed_portable;
extern const cake_phased cake_linear_packed_rows_avx2, cake_linear_packed_rows_avx512,
    cake_linear_packed_rows_portable;
extern const cake_phased cake_conv2d_depthwise_avx2, cake_conv2d_depthwise_avx512, cake_conv2d_depthwise_portable;
extern const cake_phased cake_conv2d_direct_avx2, cake_conv2d_direct_avx512, cake_conv2d_direct_portable;
extern const cake_phased cake_conv2d_direct_pixels_avx2, cake_conv2d_direct_pixels_avx512,
    cake_conv2d_direct_pixels_portable;
extern const cake_phased cake_conv2d_first_avx2, cake_conv2d_first_avx512, cake_conv2d_first_portable;
extern const cake_phased cake_conv2d_strassen_avx2, cake_conv2d_strassen_avx512, cake_conv2d_strassen_portable;
extern const cake_phased cake_conv2d_hopcroft_kerr_avx2, cake_conv2d_hopcroft_kerr_avx512,
    cake_conv2d_hopcroft_kerr_portable;
extern const cake_phased cake_linear_strassen_avx2, cake_linear_strassen_avx512, cake_linear_strassen_portable;
extern const cake_phased cake_linear_hopcroft_kerr_avx2, cake_linear_hopcroft_kerr_avx512,
    cake_linear_hopcroft_kerr_portable;
extern const cake_phased cake_conv2d_winograd2_avx2, cake_conv2d_winograd2_avx512, cake_conv2d_winograd2_portable;
extern const cake_phased cake_conv2d_winograd4_avx2, cake_conv2d_winograd4_avx512, cake_conv2d_winograd4_portable;
extern const cake_phased cake_batch_norm_affine_avx2, cake_batch_norm_affine_avx512, cake_batch_norm_affine_portable;
extern const cake_phased cake_batch_norm_training_avx2, cake_batch_norm_training_avx512,
    cake_batch_norm_training_portable;
extern const cake_phased cake_group_norm_runs_avx2, cake_group_norm_runs_avx512, cake_group_norm_runs_portable;
extern const cake_phased cake_layer_norm_rows_avx2, cake_layer_norm_rows_avx512, cake_layer_norm_rows_portable;
extern const cake_phased cake_pool2d_lanes_avx2, cake_pool2d_lanes_avx512, cake_pool2d_lanes_portable;
extern const cake_phased cake_pool2d_planes_avx2, cake_pool2d_planes_avx512, cake_pool2d_planes_portable;
extern const cake_phased cake_rms_norm_rows_avx2, cake_rms_norm_rows_avx512, cake_rms_norm_rows_portable;
extern const cake_phased cake_attention_tiled_avx2, cake_attention_tiled_avx512, cake_attention_tiled_portable;
extern const cake_phased cake_attention_decode_avx2, cake_attention_decode_avx512, cake_attention_decode_portable;
extern const cake_phased cake_rnn_steps_avx2, cake_rnn_steps_avx512, cake_rnn_steps_portable;
extern const cake_phased cake_activation_run_avx2, cake_activation_run_avx512, cake_activation_run_portable;
extern const cake_phased cake_dropout_philox_avx2, cake_dropout_philox_avx512, cake_dropout_philox_portable;
extern const cake_phased cake_embedding_rows_avx2, cake_embedding_rows_avx512, cake_embedding_rows_portable;
extern const cake_phased cake_positional_encoding_table_avx2, cake_positional_encoding_table_avx512,
    cake_positional_encoding_table_portable;
extern const cake_phased cake_rope_table_avx2, cake_rope_table_avx512, cake_rope_table_portable;
extern const cake_phased cake_softmax_passes_avx2, cake_softmax_passes_avx512, cake_softmax_passes_portable;
extern const cake_phased cake_deepseek_block_composed_avx2, cake_deepseek_block_composed_avx512,
    cake_deepseek_block_composed_portable;
extern const cake_phased cake_mha_composed_avx2, cake_mha_composed_avx512, cake_mha_composed_portable;
extern const cake_phased cake_mla_composed_avx2, cake_mla_composed_avx512, cake_mla_composed_portable;
extern const cake_phased cake_moe_composed_avx2, cake_moe_composed_avx512, cake_moe_composed_portable;
extern const cake_phased cake_transformer_block_composed_avx2, cake_transformer_block_composed_avx512,
    cake_transformer_block_composed_portable;

/* What a kernel can do does not depend on the ISA: these are compiled for the baseline CPU. */
int32_t cake_linear_packed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_depthwise_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_direct_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_first_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_strassen_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_hopcroft_kerr_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_linear_strassen_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_linear_hopcroft_kerr_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_conv2d_winograd_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_batch_norm_affine_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_batch_norm_training_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_group_norm_runs_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_layer_norm_rows_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_pool2d_lanes_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_pool2d_planes_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_rms_norm_rows_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_attention_tiled_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_attention_decode_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_rnn_steps_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_deepseek_block_composed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_mha_composed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_mla_composed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_moe_composed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_transformer_block_composed_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_rope_table_can_run(const cake_problem *problem, const cake_host *host);
int32_t cake_elementwise_can_run(const cake_problem *problem, const cake_host *host);

/* For can_run: is the problem in f32? Explains if not. */
int32_t cake_f32_only(const cake_problem *problem, const cake_host *host);

#endif
