#include "onednn_direct.h"

#include CAKE_ONEDNN_API

#include <cstring>
#include <memory>

using dnnl::memory;

struct onednn_direct {
    dnnl::primitive primitive;
    dnnl::stream stream{cake::engine()};
    cake::args arguments;
    int source, destination; // arguments
    std::string name, layout;
};

namespace
{

using direct = std::unique_ptr<onednn_direct>;

// Memory of the library, filled with a number that is no special case.
memory filled(const memory::desc &desc)
{
    memory m(desc, cake::engine());

    if (desc.get_size())
        std::fill_n(static_cast<float *>(m.get_data_handle()), desc.get_size() / sizeof(float), 0.25F);
    return m;
}

std::string layout_of(const memory::desc &desc)
{
    using tag = memory::format_tag;
    static const struct {
        tag format;
        const char *name;
    } known[] = {{tag::nhwc, "nhwc"}, {tag::nchw, "nchw"}, {tag::nChw16c, "nchw16c"}, {tag::nChw8c, "nchw8c"}};
    const auto shape = cake::shape_of(desc);

    if (shape.size() != 4)
        return "plain";
    for (const auto &entry : known)
        if (desc == memory::desc(shape, memory::data_type::f32, entry.format))
            return entry.name;
    return "other";
}

// The layout of source and destination, if it is one.
std::string layout_of(const memory::desc &source, const memory::desc &destination)
{
    const auto a = layout_of(source), b = layout_of(destination);

    return a == b ? a : a + ">" + b;
}

memory::desc image(const cake::dims &shape, memory::format_tag format)
{
    return {shape, memory::data_type::f32, format};
}

template <typename primitive, typename description>
direct make(const description &pd, cake::args arguments)
{
    auto d = std::make_unique<onednn_direct>();

    d->primitive = primitive(pd);
    d->arguments = std::move(arguments);
    d->source = DNNL_ARG_SRC;
    d->destination = DNNL_ARG_DST;
    d->arguments.emplace(d->source, filled(pd.src_desc()));
    d->arguments.emplace(d->destination, filled(pd.dst_desc()));
    d->name = pd.impl_info_str();
    d->layout = layout_of(pd.src_desc(), pd.dst_desc());
    return d;
}

template <typename description>
cake::args weighted(const description &pd, bool bias)
{
    cake::args a{{DNNL_ARG_WEIGHTS, filled(pd.weights_desc())}};
    if (bias)
        a.emplace(DNNL_ARG_BIAS, filled(pd.bias_desc()));
    return a;
}

direct conv2d(const cake_conv2d &p)
{
    const cake::dims filter = p.groups > 1 ? cake::dims{p.groups, p.oc / p.groups, p.ic / p.groups, p.kh, p.kw}
                                           : cake::dims{p.oc, p.ic, p.kh, p.kw};
    const auto pd = cake::describe_primitive<dnnl::convolution_forward>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        cake::any({p.n, p.ic, p.ih, p.iw}), cake::any(filter), cake::any({p.n, p.oc, p.oh, p.ow}),
        cake::dims{p.stride_h, p.stride_w}, cake::dims{p.dil_h - 1, p.dil_w - 1}, cake::dims{p.pad_t, p.pad_l},
        cake::dims{p.pad_b, p.pad_r});

    return make<dnnl::convolution_forward>(pd, weighted(pd, false));
}

// Pooling has no favourite: maxima in the blocked layout, means in that which convolutions choose here.
direct pool2d(const cake_pool2d &p)
{
    const bool max = p.kind == CAKE_POOL_MAX;
    const auto x = image({p.n, p.c, p.ih, p.iw}, max ? memory::format_tag::nChw16c : memory::format_tag::nhwc);
    const auto pd = cake::describe_primitive<cake::pooling_primitive>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference,
        max ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding, x,
        cake::any({p.n, p.c, p.oh, p.ow}), cake::dims{p.stride_h, p.stride_w}, cake::dims{p.kh, p.kw},
        cake::dims{p.dil_h - 1, p.dil_w - 1}, cake::dims{p.pad_t, p.pad_l}, cake::dims{p.pad_b, p.pad_r});

    return make<cake::pooling_primitive>(pd, {});
}

direct batch_norm(const cake_batch_norm &p)
{
    using dnnl::normalization_flags;
    const auto x = image({p.n, p.c, p.h, p.w}, memory::format_tag::nhwc), row = cake::plain({p.c});
    const auto pd = cake::describe_in_place<dnnl::batch_normalization_forward>(
        dnnl::prop_kind::forward_inference, x, static_cast<float>(p.eps),
        normalization_flags::use_scale | normalization_flags::use_shift | normalization_flags::use_global_stats);

    return make<dnnl::batch_normalization_forward>(pd, {{DNNL_ARG_SCALE, filled(row)},
                                                        {DNNL_ARG_SHIFT, filled(row)},
                                                        {DNNL_ARG_MEAN, filled(row)},
                                                        {DNNL_ARG_VARIANCE, filled(row)}});
}

direct layer_norm(const cake_layer_norm &p)
{
    const auto x = cake::plain({p.rows, p.hidden}), row = cake::plain({p.hidden});
    const auto pd = cake::describe_in_place<dnnl::layer_normalization_forward>(
        dnnl::prop_kind::forward_inference, x, static_cast<float>(p.eps),
        dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift);

    return make<dnnl::layer_normalization_forward>(pd, {{DNNL_ARG_SCALE, filled(row)},
                                                        {DNNL_ARG_SHIFT, filled(row)},
                                                        {DNNL_ARG_SCRATCHPAD, filled(pd.scratchpad_desc())}});
}

direct softmax(const cake_softmax &p)
{
    return make<dnnl::softmax_forward>(cake::describe_softmax(cake::plain({p.outer, p.axis}), 1), {});
}

direct activation(const cake_activation &p)
{
    return make<dnnl::eltwise_forward>(
        cake::describe_eltwise(dnnl::algorithm::eltwise_gelu_tanh, cake::plain({p.elements}), 0.0F), {});
}

direct inner_product(const cake_linear &p)
{
    const auto pd = cake::describe_primitive<dnnl::inner_product_forward>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference, cake::plain({p.rows, p.in}),
        cake::any({p.out, p.in}), cake::any({p.out}), cake::plain({p.rows, p.out}));

    return make<dnnl::inner_product_forward>(pd, weighted(pd, true));
}

direct matmul(const cake_linear &p)
{
    const auto pd = cake::describe_primitive<dnnl::matmul>(dnnl::primitive_attr(), cake::plain({p.rows, p.in}),
                                                           cake::any({p.in, p.out}), cake::plain({p.rows, p.out}));

    return make<dnnl::matmul>(pd, weighted(pd, false));
}

template <typename primitive, typename description>
direct make_recurrent(const description &pd, const cake_rnn &p, int64_t bias_gates)
{
    auto d = std::make_unique<onednn_direct>();
    const auto state = cake::plain({1, 1, p.batch, p.hidden});

    d->primitive = primitive(pd);
    d->arguments = {{DNNL_ARG_SRC_LAYER, filled(cake::plain({p.steps, p.batch, p.input}))},
                    {DNNL_ARG_WEIGHTS_LAYER, filled(pd.weights_layer_desc())},
                    {DNNL_ARG_WEIGHTS_ITER, filled(pd.weights_iter_desc())},
                    {DNNL_ARG_BIAS, filled(cake::plain({1, 1, bias_gates, p.hidden}))},
                    {DNNL_ARG_DST_LAYER, filled(cake::plain({p.steps, p.batch, p.hidden}))},
                    {DNNL_ARG_DST_ITER, filled(state)},
                    {DNNL_ARG_DST_ITER_C, filled(state)}};
    d->source = DNNL_ARG_SRC_LAYER;
    d->destination = DNNL_ARG_DST_LAYER;
    d->name = pd.impl_info_str();
    d->layout = "plain";
    return d;
}

direct rnn(const cake_rnn &p)
{
    const bool lstm = p.cell == CAKE_RNN_LSTM;
    const int64_t gates = lstm ? 4 : 3;
    const auto x = cake::plain({p.steps, p.batch, p.input}), y = cake::plain({p.steps, p.batch, p.hidden});
    const auto state = cake::plain({1, 1, p.batch, p.hidden});
    const auto wl = cake::any({1, 1, p.input, gates, p.hidden}), wi = cake::any({1, 1, p.hidden, gates, p.hidden});
    const auto direction = dnnl::rnn_direction::unidirectional_left2right;
    const auto kind = dnnl::prop_kind::forward_inference;
    const memory::desc none;

    if (lstm)
        return make_recurrent<dnnl::lstm_forward>(
            cake::describe_primitive<dnnl::lstm_forward>(dnnl::primitive_attr(), kind, direction, x, none, none, wl,
                                                         wi, cake::plain({1, 1, 4, p.hidden}), y, state, state),
            p, 4);
    return make_recurrent<dnnl::lbr_gru_forward>(
        cake::describe_primitive<dnnl::lbr_gru_forward>(dnnl::primitive_attr(), kind, direction, x, none, wl, wi,
                                                        cake::plain({1, 1, 4, p.hidden}), y, state),
        p, 4);
}

template <typename params, direct (*maker)(const params &)>
direct of(const void *p)
{
    return maker(*static_cast<const params *>(p));
}

// What a workload is to oneDNN; a kernel of the plugin by name where there are several primitives for an op.
constexpr struct {
    const char *op, *kernel;
    direct (*make)(const void *);
} table[] = {
    {"conv2d", nullptr, of<cake_conv2d, conv2d>},
    {"pool2d", nullptr, of<cake_pool2d, pool2d>},
    {"batch_norm", nullptr, of<cake_batch_norm, batch_norm>},
    {"layer_norm", nullptr, of<cake_layer_norm, layer_norm>},
    {"softmax", nullptr, of<cake_softmax, softmax>},
    {"activation", nullptr, of<cake_activation, activation>},
    {"linear", "inner_product", of<cake_linear, inner_product>},
    {"linear", "matmul", of<cake_linear, matmul>},
    {"rnn", nullptr, of<cake_rnn, rnn>},
};

} // namespace

onednn_direct *onednn_direct_open(const char *op, const char *kernel, const void *params)
{
    try {
        for (const auto &entry : table)
            if (std::strcmp(entry.op, op) == 0 && (!entry.kernel || std::strcmp(entry.kernel, kernel) == 0))
                return entry.make(params).release();
    } catch (const dnnl::error &) {
    }
    return nullptr;
}

void onednn_direct_share(onednn_direct *direct, void *input, void *output)
{
    direct->arguments.at(direct->source).set_data_handle(input);
    direct->arguments.at(direct->destination).set_data_handle(output);
}

const char *onednn_direct_name(const onednn_direct *direct)
{
    return direct->name.c_str();
}

const char *onednn_direct_layout(const onednn_direct *direct)
{
    return direct->layout.c_str();
}

void onednn_direct_run(onednn_direct *direct)
{
    direct->primitive.execute(direct->stream, direct->arguments);
    direct->stream.wait();
}

void onednn_direct_close(onednn_direct *direct)
{
    delete direct;
}
