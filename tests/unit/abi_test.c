/* The ABI's layout is frozen: members are appended, never moved. A new member gets a new line here. */
#include <criterion/criterion.h>

#include "layercake/plugin.h"

static const struct {
    const char *what;
    size_t found, frozen;
} abi[] = {
    {"cake_tensor", sizeof(cake_tensor), 128},
    {"cake_tensor.struct_size", offsetof(cake_tensor, struct_size), 0},
    {"cake_tensor.dtype", offsetof(cake_tensor, dtype), 4},
    {"cake_tensor.layout", offsetof(cake_tensor, layout), 8},
    {"cake_tensor.rank", offsetof(cake_tensor, rank), 12},
    {"cake_tensor.shape", offsetof(cake_tensor, shape), 16},
    {"cake_tensor.stride", offsetof(cake_tensor, stride), 64},
    {"cake_tensor.size_bytes", offsetof(cake_tensor, size_bytes), 112},
    {"cake_tensor.data", offsetof(cake_tensor, data), 120},
    {"cake_linear", sizeof(cake_linear), 32},
    {"cake_linear.bias", offsetof(cake_linear, bias), 4},
    {"cake_linear.rows", offsetof(cake_linear, rows), 8},
    {"cake_linear.in", offsetof(cake_linear, in), 16},
    {"cake_linear.out", offsetof(cake_linear, out), 24},
    {"cake_conv2d", sizeof(cake_conv2d), 152},
    {"cake_conv2d.bias", offsetof(cake_conv2d, bias), 4},
    {"cake_conv2d.n", offsetof(cake_conv2d, n), 8},
    {"cake_conv2d.kw", offsetof(cake_conv2d, kw), 56},
    {"cake_conv2d.stride_h", offsetof(cake_conv2d, stride_h), 64},
    {"cake_conv2d.pad_t", offsetof(cake_conv2d, pad_t), 80},
    {"cake_conv2d.pad_b", offsetof(cake_conv2d, pad_b), 88},
    {"cake_conv2d.pad_l", offsetof(cake_conv2d, pad_l), 96},
    {"cake_conv2d.pad_r", offsetof(cake_conv2d, pad_r), 104},
    {"cake_conv2d.dil_h", offsetof(cake_conv2d, dil_h), 112},
    {"cake_conv2d.groups", offsetof(cake_conv2d, groups), 128},
    {"cake_conv2d.oh", offsetof(cake_conv2d, oh), 136},
    {"cake_conv2d.ow", offsetof(cake_conv2d, ow), 144},
    {"cake_pool2d", sizeof(cake_pool2d), 144},
    {"cake_pool2d.kind", offsetof(cake_pool2d, kind), 4},
    {"cake_pool2d.count_pad", offsetof(cake_pool2d, count_pad), 8},
    {"cake_pool2d.ceil_mode", offsetof(cake_pool2d, ceil_mode), 12},
    {"cake_pool2d.n", offsetof(cake_pool2d, n), 16},
    {"cake_pool2d.kh", offsetof(cake_pool2d, kh), 48},
    {"cake_pool2d.stride_h", offsetof(cake_pool2d, stride_h), 64},
    {"cake_pool2d.pad_t", offsetof(cake_pool2d, pad_t), 80},
    {"cake_pool2d.dil_h", offsetof(cake_pool2d, dil_h), 112},
    {"cake_pool2d.oh", offsetof(cake_pool2d, oh), 128},
    {"cake_pool2d.ow", offsetof(cake_pool2d, ow), 136},
    {"cake_batch_norm", sizeof(cake_batch_norm), 56},
    {"cake_batch_norm.training", offsetof(cake_batch_norm, training), 4},
    {"cake_batch_norm.n", offsetof(cake_batch_norm, n), 8},
    {"cake_batch_norm.w", offsetof(cake_batch_norm, w), 32},
    {"cake_batch_norm.eps", offsetof(cake_batch_norm, eps), 40},
    {"cake_batch_norm.momentum", offsetof(cake_batch_norm, momentum), 48},
    {"cake_layer_norm", sizeof(cake_layer_norm), 32},
    {"cake_layer_norm.affine", offsetof(cake_layer_norm, affine), 4},
    {"cake_layer_norm.rows", offsetof(cake_layer_norm, rows), 8},
    {"cake_layer_norm.hidden", offsetof(cake_layer_norm, hidden), 16},
    {"cake_layer_norm.eps", offsetof(cake_layer_norm, eps), 24},
    {"cake_rms_norm", sizeof(cake_rms_norm), 32},
    {"cake_rms_norm.affine", offsetof(cake_rms_norm, affine), 4},
    {"cake_rms_norm.rows", offsetof(cake_rms_norm, rows), 8},
    {"cake_rms_norm.hidden", offsetof(cake_rms_norm, hidden), 16},
    {"cake_rms_norm.eps", offsetof(cake_rms_norm, eps), 24},
    {"cake_group_norm", sizeof(cake_group_norm), 56},
    {"cake_group_norm.affine", offsetof(cake_group_norm, affine), 4},
    {"cake_group_norm.n", offsetof(cake_group_norm, n), 8},
    {"cake_group_norm.groups", offsetof(cake_group_norm, groups), 40},
    {"cake_group_norm.eps", offsetof(cake_group_norm, eps), 48},
    {"cake_attention", sizeof(cake_attention), 80},
    {"cake_attention.causal", offsetof(cake_attention, causal), 4},
    {"cake_attention.mask", offsetof(cake_attention, mask), 8},
    {"cake_attention.batch", offsetof(cake_attention, batch), 16},
    {"cake_attention.v_dim", offsetof(cake_attention, v_dim), 64},
    {"cake_attention.scale", offsetof(cake_attention, scale), 72},
    {"cake_rnn", sizeof(cake_rnn), 80},
    {"cake_rnn.cell", offsetof(cake_rnn, cell), 4},
    {"cake_rnn.direction", offsetof(cake_rnn, direction), 8},
    {"cake_rnn.bias", offsetof(cake_rnn, bias), 12},
    {"cake_rnn.initial_state", offsetof(cake_rnn, initial_state), 16},
    {"cake_rnn.linear_before_reset", offsetof(cake_rnn, linear_before_reset), 20},
    {"cake_rnn.steps", offsetof(cake_rnn, steps), 24},
    {"cake_rnn.hidden", offsetof(cake_rnn, hidden), 48},
    {"cake_rnn.sequence_lens", offsetof(cake_rnn, sequence_lens), 56},
    {"cake_rnn.peepholes", offsetof(cake_rnn, peepholes), 60},
    {"cake_rnn.batchwise", offsetof(cake_rnn, batchwise), 64},
    {"cake_rnn.clip", offsetof(cake_rnn, clip), 72},
    {"cake_problem", sizeof(cake_problem), 72},
    {"cake_problem.dtype", offsetof(cake_problem, dtype), 4},
    {"cake_problem.op", offsetof(cake_problem, op), 8},
    {"cake_problem.params", offsetof(cake_problem, params), 16},
    {"cake_problem.threads", offsetof(cake_problem, threads), 24},
    {"cake_problem.layout", offsetof(cake_problem, layout), 28},
    {"cake_problem.n_inputs", offsetof(cake_problem, n_inputs), 32},
    {"cake_problem.inputs", offsetof(cake_problem, inputs), 48},
    {"cake_problem.constants", offsetof(cake_problem, constants), 56},
    {"cake_problem.outputs", offsetof(cake_problem, outputs), 64},
    {"cake_host", sizeof(cake_host), 80},
    {"cake_host.abi_major", offsetof(cake_host, abi_major), 4},
    {"cake_host.isa", offsetof(cake_host, isa), 16},
    {"cake_host.l1d_bytes", offsetof(cake_host, l1d_bytes), 24},
    {"cake_host.l2_bytes", offsetof(cake_host, l2_bytes), 32},
    {"cake_host.l3_bytes", offsetof(cake_host, l3_bytes), 40},
    {"cake_host.alloc", offsetof(cake_host, alloc), 48},
    {"cake_host.free", offsetof(cake_host, free), 56},
    {"cake_host.explain", offsetof(cake_host, explain), 64},
    {"cake_host.extension", offsetof(cake_host, extension), 72},
    {"cake_kernel", sizeof(cake_kernel), 96},
    {"cake_kernel.accuracy", offsetof(cake_kernel, accuracy), 4},
    {"cake_kernel.op", offsetof(cake_kernel, op), 8},
    {"cake_kernel.name", offsetof(cake_kernel, name), 16},
    {"cake_kernel.layouts", offsetof(cake_kernel, layouts), 24},
    {"cake_kernel.n_layouts", offsetof(cake_kernel, n_layouts), 32},
    {"cake_kernel.min_align", offsetof(cake_kernel, min_align), 36},
    {"cake_kernel.max_threads", offsetof(cake_kernel, max_threads), 40},
    {"cake_kernel.reduction", offsetof(cake_kernel, reduction), 48},
    {"cake_kernel.data", offsetof(cake_kernel, data), 56},
    {"cake_kernel.can_run", offsetof(cake_kernel, can_run), 64},
    {"cake_kernel.open", offsetof(cake_kernel, open), 72},
    {"cake_kernel.run", offsetof(cake_kernel, run), 80},
    {"cake_kernel.close", offsetof(cake_kernel, close), 88},
    {"cake_plugin", sizeof(cake_plugin), 64},
    {"cake_plugin.abi_major", offsetof(cake_plugin, abi_major), 4},
    {"cake_plugin.abi_minor", offsetof(cake_plugin, abi_minor), 8},
    {"cake_plugin.n_kernels", offsetof(cake_plugin, n_kernels), 12},
    {"cake_plugin.name", offsetof(cake_plugin, name), 16},
    {"cake_plugin.version", offsetof(cake_plugin, version), 24},
    {"cake_plugin.description", offsetof(cake_plugin, description), 32},
    {"cake_plugin.license", offsetof(cake_plugin, license), 40},
    {"cake_plugin.isa", offsetof(cake_plugin, isa), 48},
    {"cake_plugin.kernels", offsetof(cake_plugin, kernels), 56},
};

Test(abi, sizes_and_offsets_are_frozen)
{
    for (size_t i = 0; i < sizeof abi / sizeof *abi; i++)
        cr_expect_eq(abi[i].found, abi[i].frozen, "%s: expected %zu, found %zu", abi[i].what, abi[i].frozen,
                     abi[i].found);
}

Test(abi, constants_are_frozen)
{
    cr_expect(CAKE_F32 == 1 && CAKE_BF16 == 2 && CAKE_F16 == 3 && CAKE_I8 == 4 && CAKE_U8 == 5 && CAKE_I32 == 6 &&
              CAKE_I64 == 7 && CAKE_F64 == 8);
    cr_expect(CAKE_PLAIN == 0 && CAKE_NCHW == 1 && CAKE_NHWC == 2 && CAKE_NCHW8C == 3 && CAKE_NCHW16C == 4);
    cr_expect(CAKE_DONE == 0 && CAKE_UNSUPPORTED == 1 && CAKE_FAILED == -1 && CAKE_NO_MEMORY == -2);
    cr_expect(CAKE_EXACT == 0 && CAKE_STANDARD == 1 && CAKE_FAST == 2);
}

Test(abi, a_member_is_there_only_if_the_struct_reaches_through_it)
{
    cake_tensor tensor = {.struct_size = CAKE_SIZE_THROUGH(cake_tensor, shape)};

    cr_expect(CAKE_HAS(&tensor, cake_tensor, shape));
    cr_expect_not(CAKE_HAS(&tensor, cake_tensor, stride));
}
