// batch_norm and layer_norm by oneDNN's normalisation primitives.
#include CAKE_ONEDNN_API

namespace cake
{

using dnnl::normalization_flags;

void layer_norm(context &c)
{
    const auto &p = c.parameters<cake_layer_norm>();
    const auto x = describe(c.input(0));
    const auto flags =
        p.affine ? normalization_flags::use_scale | normalization_flags::use_shift : normalization_flags::none;
    const auto pd = describe_in_place<dnnl::layer_normalization_forward>(dnnl::prop_kind::forward_inference, x,
                                                                         static_cast<float>(p.eps), flags);
    if (!c.opening())
        return;
    args arguments{{DNNL_ARG_SRC, c.bind_input(0, x)}, {DNNL_ARG_DST, c.bind_output(0, x)}};
    if (p.affine) {
        const auto row = plain({p.hidden});
        arguments.emplace(DNNL_ARG_SCALE, c.packed(c.constant(0), row, row));
        arguments.emplace(DNNL_ARG_SHIFT, c.packed(c.constant(1), row, row));
    }
    c.add<dnnl::layer_normalization_forward>(pd, arguments);
}

// Training: oneDNN gives the batch's statistics; the running averages are a loop over the channels here.
static void add_running_averages(context &c, const cake_batch_norm &p, const dnnl::memory &mean,
                                 const dnnl::memory &var)
{
    const auto row = plain({p.c});
    const dnnl::memory batch[2] = {mean, var};
    const dnnl::memory before[2] = {c.bind_input(1, row), c.bind_input(2, row)};
    const dnnl::memory after[2] = {c.bind_output(1, row), c.bind_output(2, row)};
    const auto momentum = static_cast<float>(p.momentum);
    const int64_t channels = p.c;

    c.add([=](dnnl::stream &stream) {
        stream.wait();
        for (int i = 0; i < 2; i++) {
            const auto *now = static_cast<const float *>(batch[i].get_data_handle());
            const auto *old = static_cast<const float *>(before[i].get_data_handle());
            auto *next = static_cast<float *>(after[i].get_data_handle());
            for (int64_t channel = 0; channel < channels; channel++)
                next[channel] = momentum * old[channel] + (1 - momentum) * now[channel];
        }
    });
}

void batch_norm(context &c)
{
    const auto &p = c.parameters<cake_batch_norm>();
    const auto x = describe(c.input(0)), row = plain({p.c});
    auto flags = normalization_flags::use_scale | normalization_flags::use_shift;
    if (!p.training)
        flags = flags | normalization_flags::use_global_stats;
    const auto pd = describe_in_place<dnnl::batch_normalization_forward>(
        p.training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference, x,
        static_cast<float>(p.eps), flags);
    if (!c.opening())
        return;
    const auto mean = p.training ? c.workspace(row) : c.packed(c.constant(2), row, row);
    const auto var = p.training ? c.workspace(row) : c.packed(c.constant(3), row, row);
    c.add<dnnl::batch_normalization_forward>(pd, {{DNNL_ARG_SRC, c.bind_input(0, x)},
                                                  {DNNL_ARG_DST, c.bind_output(0, x)},
                                                  {DNNL_ARG_SCALE, c.packed(c.constant(0), row, row)},
                                                  {DNNL_ARG_SHIFT, c.packed(c.constant(1), row, row)},
                                                  {DNNL_ARG_MEAN, mean},
                                                  {DNNL_ARG_VARIANCE, var}});
    if (p.training)
        add_running_averages(c, p, mean, var);
}

} // namespace cake
