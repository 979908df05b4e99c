#include "core/tensor/shape.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.h"

namespace convoy {

Shape::Shape(std::span<const int64_t> extents) : dims_(static_cast<int>(extents.size())) {
  if (dims_ > kMaxDims)
    throw InternalError(fmt::format("a shape has {} dimensions, at most {} are supported", dims_, int{kMaxDims}));
  std::copy(extents.begin(), extents.end(), extents_.begin());
}

int64_t Shape::elements() const {
  int64_t product = 1;
  for (const int64_t extent : *this) product *= extent;
  return product;
}

std::string to_string(const Shape& shape) { return fmt::format("({})", fmt::join(shape, ", ")); }

}  // namespace convoy
