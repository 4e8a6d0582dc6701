// rnn by oneDNN's recurrent primitives, one direction a primitive: its bidirectional ones put the two outputs of a step
// side by side, not one behind the other. Gates are put into oneDNN's order (lstm: i f c o), weights transposed and in the
// layout that the primitive asks for, the two biases added up, all in open.
#include CAKE_ONEDNN_API

#include "common/rare.h"

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

// [3 hidden] for ONNX's i o f to oneDNN's i f o.
std::vector<float> peepholes(const float *p, int64_t hidden)
{
    static const int order[] = {0, 2, 1};
    std::vector<float> t;

    for (const int gate : order)
        t.insert(t.end(), p + gate * hidden, p + (gate + 1) * hidden);
    return t;
}

// How tensors lie, as oneDNN sees them: those of one direction.
struct views {
    dnnl::memory::desc x, y, state, before, wl, wi, b, peephole;
    int64_t y_offset, state_offset; // of direction 1
};

views view(const cake_rnn &p, const shape &s)
{
    const auto f32 = dnnl::memory::data_type::f32;
    const int64_t directions = p.direction == CAKE_RNN_BIDIRECTIONAL ? 2 : 1, row = directions * p.hidden;
    const dims x{p.steps, p.batch, p.input}, y{p.steps, p.batch, p.hidden}, state{1, 1, p.batch, p.hidden};
    views v;

    if (p.batchwise) {
        v.x = plain(x, {p.input, p.steps * p.input, 1});
        v.y = plain(y, {row, p.steps * row, 1});
        v.state = plain(state, {p.batch * row, p.batch * row, row, 1});
        v.y_offset = v.state_offset = p.hidden;
    } else {
        v.x = plain(x);
        v.y = plain(y, {p.batch * row, p.hidden, 1});
        v.state = plain(state);
        v.y_offset = v.state_offset = p.batch * p.hidden;
    }
    v.before = p.initial_state ? v.state : dnnl::memory::desc();
    v.wl = any({1, 1, p.input, s.gates, p.hidden});
    v.wi = any({1, 1, p.hidden, s.gates, p.hidden});
    v.b = {{1, 1, s.bias_gates, p.hidden}, f32, dnnl::memory::format_tag::ldgo};
    v.peephole = {{1, 1, 3, p.hidden}, f32, dnnl::memory::format_tag::ldgo};
    return v;
}

template <typename primitive, typename description>
void add_direction(context &c, const description &pd, const cake_rnn &p, const views &v, int number)
{
    const shape s = shape_of(p);
    const dims wl{1, 1, p.input, s.gates, p.hidden}, wi{1, 1, p.hidden, s.gates, p.hidden};
    const int64_t size = s.gates * p.hidden;

    if (!c.opening())
        return;
    const auto w = transposed(c.constant(0) + number * size * p.input, s, p.hidden, p.input);
    const auto r = transposed(c.constant(1) + number * size * p.hidden, s, p.hidden, p.hidden);
    const auto bias = joined(p.bias ? c.constant(2) + number * 2 * size : nullptr, s, p.hidden);
    const int64_t state = number * v.state_offset;
    const bool lstm = p.cell == CAKE_RNN_LSTM;
    args arguments{
        {DNNL_ARG_SRC_LAYER, c.bind_input(0, v.x)},
        {DNNL_ARG_WEIGHTS_LAYER, c.packed(w.data(), plain(wl), pd.weights_layer_desc())},
        {DNNL_ARG_WEIGHTS_ITER, c.packed(r.data(), plain(wi), pd.weights_iter_desc())},
        {DNNL_ARG_BIAS, c.packed(bias.data(), v.b, pd.bias_desc())},
        {DNNL_ARG_DST_LAYER, c.bind_output(0, v.y, number * v.y_offset)},
        {DNNL_ARG_DST_ITER, c.bind_output(1, v.state, state)},
    };

    if (p.initial_state)
        arguments.emplace(DNNL_ARG_SRC_ITER, c.bind_input(1, v.state, state));
    if (lstm && p.initial_state)
        arguments.emplace(DNNL_ARG_SRC_ITER_C, c.bind_input(2, v.state, state));
    if (lstm)
        arguments.emplace(DNNL_ARG_DST_ITER_C, c.bind_output(2, v.state, state));
    if (p.peepholes) {
        const auto weights = peepholes(c.constant(p.bias ? 3 : 2) + number * 3 * p.hidden, p.hidden);
        arguments.emplace(DNNL_ARG_WEIGHTS_PEEPHOLE, c.packed(weights.data(), v.peephole, v.peephole));
    }
    c.add<primitive>(pd, arguments);
}

void add_lstm(context &c, const cake_rnn &p, const views &v, dnnl::rnn_direction direction, int number)
{
    const auto attr = context::attributes();
    const auto kind = dnnl::prop_kind::forward_inference;
    const auto pd = p.peepholes
                        ? describe_primitive<dnnl::lstm_forward>(attr, kind, direction, v.x, v.before, v.before, v.wl,
                                                                 v.wi, v.peephole, v.b, v.y, v.state, v.state)
                        : describe_primitive<dnnl::lstm_forward>(attr, kind, direction, v.x, v.before, v.before, v.wl,
                                                                 v.wi, v.b, v.y, v.state, v.state);

    add_direction<dnnl::lstm_forward>(c, pd, p, v, number);
}

void add_cell(context &c, const cake_rnn &p, const views &v, dnnl::rnn_direction direction, int number)
{
    const dnnl::memory::desc d[] = {v.x, v.before, v.wl, v.wi, v.b, v.y, v.state};

    if (p.cell == CAKE_RNN_LSTM)
        add_lstm(c, p, v, direction, number);
    else if (p.cell == CAKE_RNN_GRU && p.linear_before_reset)
        add_direction<dnnl::lbr_gru_forward>(c, describe_rnn<dnnl::lbr_gru_forward>(direction, d), p, v, number);
    else if (p.cell == CAKE_RNN_GRU)
        add_direction<dnnl::gru_forward>(c, describe_rnn<dnnl::gru_forward>(direction, d), p, v, number);
    else
        add_direction<dnnl::vanilla_rnn_forward>(
            c,
            describe_vanilla(p.cell == CAKE_RNN_TANH ? dnnl::algorithm::eltwise_tanh : dnnl::algorithm::eltwise_relu,
                             direction, d),
            p, v, number);
}

} // namespace

void recurrent(context &c)
{
    const auto &p = c.parameters<cake_rnn>();

    if (p.sequence_lens || p.clip != 0 || cake_rnn_has_other_functions(&p))
        throw unsupported("no sequence_lens, clip, input_forget or other functions");
    const views v = view(p, shape_of(p));
    if (p.direction != CAKE_RNN_REVERSE)
        add_cell(c, p, v, dnnl::rnn_direction::unidirectional_left2right, 0);
    if (p.direction != CAKE_RNN_FORWARD)
        add_cell(c, p, v, dnnl::rnn_direction::unidirectional_right2left,
                 p.direction == CAKE_RNN_BIDIRECTIONAL ? 1 : 0);
}

} // namespace cake
