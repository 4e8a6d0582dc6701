#include "onednn/context.hpp"

namespace cake
{

maker *const attention_graph = nullptr;

} // namespace cake
