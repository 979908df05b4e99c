#include "core/layers/pass.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/integers.h"

namespace convoy {

Tensor Scratch::take(DType dtype, const Shape& shape) {
  Tensor taken{nullptr, dtype, shape};
  const size_t begin = used_;
  used_ += round_up(taken.bytes(), kAlignment);
  peak_ = std::max(peak_, used_);
  if (memory_.data == nullptr) return taken;
  if (used_ > memory_.bytes())
    throw InternalError(
        fmt::format("a layer asks for {} bytes of scratch, the plan has {}: the layer behaves otherwise "
                    "when measured",
                    used_, memory_.bytes()));
  taken.data = memory_.as<std::byte>() + begin;
  return taken;
}

void Pass::throw_missing(std::type_index args) const {
  throw ConfigError(fmt::format("layer {}: device {} has no {}; choose another device or another layer", node,
                                ops.device(), operator_name(args)));
}

}  // namespace convoy
