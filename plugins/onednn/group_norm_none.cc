#include "onednn/context.hpp"

namespace cake
{

maker *const group_norm = nullptr;

} // namespace cake
