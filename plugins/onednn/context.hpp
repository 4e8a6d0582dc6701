// A kernel of this plugin: oneDNN primitives made once in `open`, run one after another.
#ifndef LAYERCAKE_PLUGINS_ONEDNN_CONTEXT_HPP
#define LAYERCAKE_PLUGINS_ONEDNN_CONTEXT_HPP

#include <functional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include <oneapi/dnnl/dnnl.hpp>

#include "layercake/plugin.h"

namespace cake
{

using dims = dnnl::memory::dims;
using args = std::unordered_map<int, dnnl::memory>;

// What oneDNN cannot do here; its text is the reason that the row shows.
struct unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

dnnl::engine &engine();

// The descriptor of a tensor as it lies in memory.
dnnl::memory::desc describe(const cake_tensor &tensor);
// The same memory seen in other dimensions and strides.
dnnl::memory::desc plain(const dims &shape, const dims &strides);
// Row-major.
dnnl::memory::desc plain(const dims &shape);
// oneDNN chooses the layout.
dnnl::memory::desc any(const dims &shape);

// What is being made: the problem, and the weights once they are there (not in can_run).
class context
{
  public:
    context(const cake_problem &problem, const cake_tensor *const *constants, const cake_host *host);
    ~context();
    context(const context &) = delete;
    context &operator=(const context &) = delete;

    // False while it is only asked whether the problem can be run.
    bool opening() const
    {
        return constants_ != nullptr;
    }
    template <typename params>
    const params &parameters() const
    {
        return *static_cast<const params *>(problem_.params);
    }
    const cake_tensor &input(uint32_t i) const
    {
        return *problem_.inputs[i];
    }
    const cake_tensor &output(uint32_t i) const
    {
        return *problem_.outputs[i];
    }
    // The data of a constant; only while opening.
    const float *constant(uint32_t i) const
    {
        return static_cast<const float *>(constants_[i]->data);
    }

    // Memory of the host, counted as workspace, freed with the context.
    dnnl::memory workspace(const dnnl::memory::desc &desc);
    // A copy of values that lie as `from` in the layout that a primitive wants.
    dnnl::memory packed(const float *values, const dnnl::memory::desc &from, const dnnl::memory::desc &to);
    // Memory that gets a tensor's address at each call, or that of its element number `offset`.
    dnnl::memory bind_input(uint32_t i, const dnnl::memory::desc &desc, int64_t offset = 0);
    dnnl::memory bind_output(uint32_t i, const dnnl::memory::desc &desc, int64_t offset = 0);

    // Attributes of every primitive: its scratchpad comes from the host too.
    static dnnl::primitive_attr attributes();
    // Run this primitive at each call, after what was added before.
    template <typename primitive, typename description>
    void add(const description &pd, args arguments)
    {
        arguments.emplace(DNNL_ARG_SCRATCHPAD, workspace(pd.scratchpad_desc()));
        steps_.push_back([made = primitive(pd), given = std::move(arguments)](dnnl::stream &stream) {
            made.execute(stream, given);
        });
    }
    // Do this at each call, after what was added before.
    void add(std::function<void(dnnl::stream &)> step);

    void run(const cake_tensor *const *inputs, const cake_tensor *const *outputs);

  private:
    struct binding {
        bool output;
        uint32_t index;
        int64_t offset;
        dnnl::memory memory;
    };
    dnnl::memory bind(bool output, uint32_t i, const dnnl::memory::desc &desc, int64_t offset);

    const cake_problem problem_; // its pointers are valid until open returns
    const cake_tensor *const *constants_;
    const cake_host *host_;
    dnnl::stream stream_;
    std::vector<void *> owned_;
    std::vector<std::function<void(dnnl::stream &)>> steps_;
    std::vector<binding> bindings_;
};

// Make the primitives of a problem, or throw unsupported or dnnl::error.
using maker = void(context &);

maker convolution_direct, convolution_winograd, linear_inner_product, linear_matmul, pooling, batch_norm, layer_norm,
    recurrent, attention, softmax, log_softmax, activation;

// What not every version has: nullptr there.
extern maker *const group_norm, *const rms_norm, *const attention_graph;

// The causal limit as a mask to add, [rows][kv_len]; the rows are queries, again and again.
std::vector<float> causal_mask(const cake_attention &p, int64_t rows);

// Does this version have a Winograd convolution, on this CPU?
bool has_winograd();

} // namespace cake
#endif
