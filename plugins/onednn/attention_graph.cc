// attention by oneDNN's graph interface: the layer is written down as operations, which oneDNN fuses to one partition.
// A group's query heads share the key-value head of their pair, which is broadcast. Masks are added, the causal one too.
#include CAKE_ONEDNN_API

#include <oneapi/dnnl/dnnl_graph.hpp>

namespace cake
{

namespace
{

using dnnl::graph::logical_tensor;
using dnnl::graph::op;

// Tensors by number.
enum { Q, K, V, SCALE, MASK, PRODUCTS, SCALED, MASKED, WEIGHTS, Y };

logical_tensor strided(size_t number, const dims &shape)
{
    return {number, logical_tensor::data_type::f32, shape, logical_tensor::layout_type::strided};
}

// A tensor that only oneDNN sees.
logical_tensor inner(size_t number, const dims &shape)
{
    return {number, logical_tensor::data_type::f32, shape, logical_tensor::layout_type::undef};
}

// What the partition takes beside q, k and v, and gives.
struct layer {
    std::vector<logical_tensor> inputs;
    logical_tensor output;
    dnnl::graph::compiled_partition compiled;
};

layer compile(const cake_attention &p, bool masked)
{
    const int64_t pairs = p.batch * p.kv_heads, group = p.heads / p.kv_heads;
    const dims scores{pairs, group, p.q_len, p.kv_len};
    const auto q = strided(Q, {pairs, group, p.q_len, p.head_dim}), k = strided(K, {pairs, 1, p.kv_len, p.head_dim}),
               v = strided(V, {pairs, 1, p.kv_len, p.v_dim}), y = strided(Y, {pairs, group, p.q_len, p.v_dim}),
               scale = strided(SCALE, {1}), mask = strided(MASK, {1, 1, p.q_len, p.kv_len}),
               products = inner(PRODUCTS, scores), scaled = inner(SCALED, scores), added = inner(MASKED, scores),
               weights = inner(WEIGHTS, scores);
    op first(0, op::kind::MatMul, {q, k}, {products}, "products");
    op multiply(1, op::kind::Multiply, {products, scale}, {scaled}, "scale");
    op add(2, op::kind::Add, {scaled, mask}, {added}, "mask");
    op softmax(3, op::kind::SoftMax, {masked ? added : scaled}, {weights}, "softmax");
    op second(4, op::kind::MatMul, {weights, v}, {y}, "values");
    dnnl::graph::graph graph(dnnl::engine::kind::cpu);

    first.set_attr<bool>(op::attr::transpose_b, true);
    softmax.set_attr<int64_t>(op::attr::axis, -1);
    graph.add_op(first);
    graph.add_op(multiply);
    if (masked)
        graph.add_op(add);
    graph.add_op(softmax);
    graph.add_op(second);
    graph.finalize();
    const auto partitions = graph.get_partitions();
    if (partitions.size() != 1 || !partitions[0].is_supported())
        throw unsupported("oneDNN's graph does not fuse this attention");

    layer l{{}, y, {}};
    for (const auto &tensor : {q, k, v, scale, mask})
        for (const auto &port : partitions[0].get_input_ports())
            if (port.get_id() == tensor.get_id())
                l.inputs.push_back(tensor);
    l.compiled = partitions[0].compile(l.inputs, {y}, engine());
    return l;
}

// Memory of the plugin's as the graph's tensor with this number.
dnnl::memory memory_of(context &c, const cake_attention &p, size_t number)
{
    const auto scale = static_cast<float>(p.scale);
    const auto one = plain({1}), mask = plain({p.q_len, p.kv_len});

    if (number == SCALE)
        return c.packed(&scale, one, one);
    if (number == MASK && p.causal != CAKE_CAUSAL_NO)
        return c.packed(causal_mask(p, p.q_len).data(), mask, mask);
    // An input of the op: q, k, v, mask.
    const auto input = number == MASK ? 3U : static_cast<uint32_t>(number);
    return c.bind_input(input, describe(c.input(input)));
}

void make_attention(context &c)
{
    const auto &p = c.parameters<cake_attention>();
    const bool causal = p.causal != CAKE_CAUSAL_NO;

    if (p.softcap > 0 || p.scores)
        throw unsupported("no softcap, no scores as an output");
    if (p.mask && causal)
        throw unsupported("one mask, not a causal one too");
    if (p.causal == CAKE_CAUSAL_LOWER_RIGHT && p.q_len > p.kv_len)
        throw unsupported("a query that sees no key");
    const layer l = compile(p, p.mask || causal);
    if (!c.opening())
        return;
    // The last is the output.
    std::vector<dnnl::memory> memories;
    std::vector<dnnl::graph::tensor> tensors;
    for (const auto &input : l.inputs) {
        memories.push_back(memory_of(c, p, input.get_id()));
        tensors.emplace_back(input, engine(), nullptr);
    }
    memories.push_back(c.bind_output(0, describe(c.output(0))));
    tensors.emplace_back(l.output, engine(), nullptr);
    c.add([compiled = l.compiled, memories, tensors](dnnl::stream &stream) mutable {
        for (size_t i = 0; i < tensors.size(); i++)
            tensors[i].set_data_handle(memories[i].get_data_handle());
        compiled.execute(stream, {tensors.begin(), tensors.end() - 1}, {tensors.back()});
    });
}

} // namespace

maker *const attention_graph = make_attention;

} // namespace cake
