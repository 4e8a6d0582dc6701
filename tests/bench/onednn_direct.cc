#include "onednn_direct.h"

#include CAKE_ONEDNN_API

#include <cstring>
#include <memory>

using dnnl::memory;

struct onednn_direct {
    dnnl::primitive primitive;
    dnnl::stream stream{cake::engine()};
    cake::args arguments;
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
    const auto shape = desc.dims();

    for (const auto &entry : known)
        if (shape.size() == 4 && desc == memory::desc(shape, memory::data_type::f32, entry.format))
            return entry.name;
    return "plain";
}

template <typename primitive, typename description>
direct make(const description &pd, cake::args arguments)
{
    auto d = std::make_unique<onednn_direct>();

    d->primitive = primitive(pd);
    d->arguments = std::move(arguments);
    d->name = pd.impl_info_str();
    d->layout = layout_of(pd.src_desc());
    return d;
}

template <typename description>
cake::args weighted(const description &pd, bool bias)
{
    cake::args a{{DNNL_ARG_SRC, filled(pd.src_desc())},
                 {DNNL_ARG_WEIGHTS, filled(pd.weights_desc())},
                 {DNNL_ARG_DST, filled(pd.dst_desc())}};
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

// Pooling has no favourite: it takes what a convolution before it leaves.
direct pool2d(const cake_pool2d &p)
{
    const memory::desc x({p.n, p.c, p.ih, p.iw}, memory::data_type::f32, memory::format_tag::nChw16c);
    const auto pd = cake::describe_primitive<cake::pooling_primitive>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference, dnnl::algorithm::pooling_max, x,
        cake::any({p.n, p.c, p.oh, p.ow}), cake::dims{p.stride_h, p.stride_w}, cake::dims{p.kh, p.kw},
        cake::dims{p.dil_h - 1, p.dil_w - 1}, cake::dims{p.pad_t, p.pad_l}, cake::dims{p.pad_b, p.pad_r});

    return make<cake::pooling_primitive>(
        pd, {{DNNL_ARG_SRC, filled(pd.src_desc())}, {DNNL_ARG_DST, filled(pd.dst_desc())}});
}

direct layer_norm(const cake_layer_norm &p)
{
    const auto x = cake::plain({p.rows, p.hidden}), row = cake::plain({p.hidden});
    const auto pd = cake::describe_in_place<dnnl::layer_normalization_forward>(
        dnnl::prop_kind::forward_inference, x, static_cast<float>(p.eps),
        dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift);
    cake::args a{{DNNL_ARG_SRC, filled(x)},
                 {DNNL_ARG_DST, filled(x)},
                 {DNNL_ARG_SCALE, filled(row)},
                 {DNNL_ARG_SHIFT, filled(row)},
                 {DNNL_ARG_SCRATCHPAD, filled(pd.scratchpad_desc())}};

    return make<dnnl::layer_normalization_forward>(pd, a);
}

direct linear(const cake_linear &p)
{
    const auto pd = cake::describe_primitive<dnnl::inner_product_forward>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference, cake::plain({p.rows, p.in}),
        cake::any({p.out, p.in}), cake::any({p.out}), cake::plain({p.rows, p.out}));

    return make<dnnl::inner_product_forward>(pd, weighted(pd, true));
}

direct lstm(const cake_rnn &p)
{
    const auto x = cake::plain({p.steps, p.batch, p.input}), y = cake::plain({p.steps, p.batch, p.hidden});
    const auto state = cake::plain({1, 1, p.batch, p.hidden}), bias = cake::plain({1, 1, 4, p.hidden});
    const memory::desc none;
    const auto pd = cake::describe_primitive<dnnl::lstm_forward>(
        dnnl::primitive_attr(), dnnl::prop_kind::forward_inference, dnnl::rnn_direction::unidirectional_left2right, x,
        none, none, cake::any({1, 1, p.input, 4, p.hidden}), cake::any({1, 1, p.hidden, 4, p.hidden}), bias, y, state,
        state);

    auto d = std::make_unique<onednn_direct>();
    d->primitive = dnnl::lstm_forward(pd);
    d->arguments = {{DNNL_ARG_SRC_LAYER, filled(x)},
                    {DNNL_ARG_WEIGHTS_LAYER, filled(pd.weights_layer_desc())},
                    {DNNL_ARG_WEIGHTS_ITER, filled(pd.weights_iter_desc())},
                    {DNNL_ARG_BIAS, filled(bias)},
                    {DNNL_ARG_DST_LAYER, filled(y)},
                    {DNNL_ARG_DST_ITER, filled(state)},
                    {DNNL_ARG_DST_ITER_C, filled(state)}};
    d->name = pd.impl_info_str();
    d->layout = "plain";
    return d;
}

template <typename params, direct (*maker)(const params &)>
direct of(const void *p)
{
    return maker(*static_cast<const params *>(p));
}

} // namespace

onednn_direct *onednn_direct_open(const char *op, const void *params)
{
    static const struct {
        const char *op;
        direct (*make)(const void *);
    } table[] = {
        {"conv2d", of<cake_conv2d, conv2d>}, {"pool2d", of<cake_pool2d, pool2d>},
        {"rnn", of<cake_rnn, lstm>},         {"layer_norm", of<cake_layer_norm, layer_norm>},
        {"linear", of<cake_linear, linear>},
    };

    try {
        for (const auto &entry : table)
            if (std::strcmp(entry.op, op) == 0)
                return entry.make(params).release();
    } catch (const dnnl::error &) {
    }
    return nullptr;
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
