// rnn by oneDNN's recurrent primitives, one direction a primitive. Gates are put into oneDNN's order (lstm: i f c o),
// weights transposed and in the layout that the primitive asks for, the two biases added up, all in open.
#include CAKE_ONEDNN_API

namespace cake
{

namespace
{

struct shape {
    int64_t gates, bias_gates;
    const int *order; // oneDNN's gate i is ONNX's gate order[i]
};

shape shape_of(const cake_rnn &p)
{
    static const int one[] = {0}, lstm[] = {0, 2, 3, 1}, gru[] = {0, 1, 2};

    if (p.cell == CAKE_RNN_LSTM)
        return {4, 4, lstm};
    if (p.cell == CAKE_RNN_GRU)
        return {3, p.linear_before_reset ? 4 : 3, gru};
    return {1, 1, one};
}

// [G hidden][from] in ONNX's order of gates to [from][G][hidden] in oneDNN's.
std::vector<float> transposed(const float *w, const shape &s, int64_t hidden, int64_t from)
{
    std::vector<float> t(static_cast<size_t>(s.gates * hidden * from));

    for (int64_t i = 0; i < from; i++)
        for (int64_t g = 0; g < s.gates; g++)
            for (int64_t h = 0; h < hidden; h++)
                t[static_cast<size_t>((i * s.gates + g) * hidden + h)] = w[(s.order[g] * hidden + h) * from + i];
    return t;
}

// [2 G hidden], of the input and of the state, to oneDNN's [G][hidden]; linear_before_reset keeps the last two apart.
std::vector<float> joined(const float *b, const shape &s, int64_t hidden)
{
    std::vector<float> t(static_cast<size_t>(s.bias_gates * hidden), 0.0F);

    for (int64_t g = 0; b && g < s.gates; g++)
        for (int64_t h = 0; h < hidden; h++) {
            const float x = b[s.order[g] * hidden + h], r = b[(s.gates + s.order[g]) * hidden + h];
            const bool apart = s.bias_gates > s.gates && g == s.gates - 1;

            t[static_cast<size_t>(g * hidden + h)] = apart ? x : x + r;
            if (apart)
                t[static_cast<size_t>((g + 1) * hidden + h)] = r;
        }
    return t;
}

template <typename primitive, typename description>
void add_direction(context &c, const description &pd, const cake_rnn &p, const shape &s)
{
    const dims wl{1, 1, p.input, s.gates, p.hidden}, wi{1, 1, p.hidden, s.gates, p.hidden};
    const dims b{1, 1, s.bias_gates, p.hidden}, state{1, 1, p.batch, p.hidden};
    const auto w = transposed(c.constant(0), s, p.hidden, p.input);
    const auto r = transposed(c.constant(1), s, p.hidden, p.hidden);
    const auto bias = joined(p.bias ? c.constant(2) : nullptr, s, p.hidden);
    const bool lstm = p.cell == CAKE_RNN_LSTM;
    args arguments{
        {DNNL_ARG_SRC_LAYER, c.bind_input(0, plain({p.steps, p.batch, p.input}))},
        {DNNL_ARG_WEIGHTS_LAYER, c.packed(w.data(), plain(wl), pd.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, c.packed(r.data(), plain(wi), pd.weights_iter_desc())},
        {DNNL_ARG_BIAS, c.packed(bias.data(), plain(b), pd.bias_desc())},
        {DNNL_ARG_DST_LAYER, c.bind_output(0, plain({p.steps, p.batch, p.hidden}))},
        {DNNL_ARG_DST_ITER, c.bind_output(1, plain(state))},
    };

    if (p.initial_state)
        arguments.emplace(DNNL_ARG_SRC_ITER, c.bind_input(1, plain(state)));
    if (lstm && p.initial_state)
        arguments.emplace(DNNL_ARG_SRC_ITER_C, c.bind_input(2, plain(state)));
    if (lstm)
        arguments.emplace(DNNL_ARG_DST_ITER_C, c.bind_output(2, plain(state)));
    c.add<primitive>(pd, arguments);
}

} // namespace

void recurrent(context &c)
{
    const auto &p = c.parameters<cake_rnn>();
    const shape s = shape_of(p);
    using tag = dnnl::memory::format_tag;
    const auto f32 = dnnl::memory::data_type::f32;
    const dnnl::memory::desc state{{1, 1, p.batch, p.hidden}, f32, tag::ldnc};
    const dnnl::memory::desc before = p.initial_state ? state : dnnl::memory::desc();
    const dnnl::memory::desc x{{p.steps, p.batch, p.input}, f32, tag::tnc};
    const dnnl::memory::desc y{{p.steps, p.batch, p.hidden}, f32, tag::tnc};
    const auto wl = any({1, 1, p.input, s.gates, p.hidden}), wi = any({1, 1, p.hidden, s.gates, p.hidden});
    const dnnl::memory::desc b{{1, 1, s.bias_gates, p.hidden}, f32, tag::ldgo};

    if (p.peepholes || p.sequence_lens || p.batchwise || p.clip != 0)
        throw unsupported("no peepholes, sequence_lens, batchwise layout or clip");
    if (p.direction == CAKE_RNN_BIDIRECTIONAL)
        throw unsupported("oneDNN puts the two directions of a step side by side, not one behind the other");
    const auto direction = p.direction == CAKE_RNN_REVERSE ? dnnl::rnn_direction::unidirectional_right2left
                                                           : dnnl::rnn_direction::unidirectional_left2right;
    const dnnl::memory::desc d[] = {x, before, wl, wi, b, y, state};
    if (p.cell == CAKE_RNN_LSTM) {
        const auto pd =
            describe_primitive<dnnl::lstm_forward>(context::attributes(), dnnl::prop_kind::forward_inference,
                                                   direction, x, before, before, wl, wi, b, y, state, state);
        if (c.opening())
            add_direction<dnnl::lstm_forward>(c, pd, p, s);
    } else if (p.cell == CAKE_RNN_GRU && p.linear_before_reset) {
        const auto pd = describe_rnn<dnnl::lbr_gru_forward>(direction, d);
        if (c.opening())
            add_direction<dnnl::lbr_gru_forward>(c, pd, p, s);
    } else if (p.cell == CAKE_RNN_GRU) {
        const auto pd = describe_rnn<dnnl::gru_forward>(direction, d);
        if (c.opening())
            add_direction<dnnl::gru_forward>(c, pd, p, s);
    } else {
        const auto pd = describe_vanilla(
            p.cell == CAKE_RNN_TANH ? dnnl::algorithm::eltwise_tanh : dnnl::algorithm::eltwise_relu, direction, d);
        if (c.opening())
            add_direction<dnnl::vanilla_rnn_forward>(c, pd, p, s);
    }
}

} // namespace cake
