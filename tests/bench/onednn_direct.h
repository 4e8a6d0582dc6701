/* oneDNN's primitives as its examples make them, for onednn_fairness: every layout left to the library (`any`), tensors
 * and scratchpads its own. Nothing of the plugin's is used but the difference between oneDNN's versions. */
#ifndef LAYERCAKE_TESTS_ONEDNN_DIRECT_H
#define LAYERCAKE_TESTS_ONEDNN_DIRECT_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct onednn_direct onednn_direct;

/* The primitive of a workload for as many threads as OpenMP now gives, with the parameters that this program has: the
 * first activation is gelu_tanh, rnn LSTM or GRU (linear_before_reset), linear with a bias as "inner_product" and without
 * as "matmul", which `kernel` says. NULL: another op, or oneDNN cannot. */
onednn_direct *onednn_direct_open(const char *op, const char *kernel, const void *params);

/* Use these as input and output, which are in its layout, instead of its own. */
void onednn_direct_share(onednn_direct *direct, void *input, void *output);

/* Which implementation oneDNN chose, and the layout of its input and output: "nhwc", "nchw", "nchw16c", "nchw8c",
 * "plain"; two joined by ">" where they differ. */
const char *onednn_direct_name(const onednn_direct *direct);
const char *onednn_direct_layout(const onednn_direct *direct);

/* One execution, waited for. Timed. */
void onednn_direct_run(onednn_direct *direct);

void onednn_direct_close(onednn_direct *direct);

#ifdef __cplusplus
}
#endif
#endif
