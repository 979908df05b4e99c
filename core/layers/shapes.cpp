#include "core/layers/shapes.h"

#include <fmt/format.h>

#include <vector>

#include "core/base/error.h"

namespace convoy {

Shape with_channels(const Shape& shape, int64_t channels) {
  std::vector<int64_t> extents(shape.begin(), shape.end());
  if (extents.empty()) throw InternalError("a layer asks for the channels of a tensor without dimensions");
  extents.back() = channels;
  return Shape(extents);
}

void expect_channels(std::string_view layer, const TensorSpec& input, int64_t channels) {
  if (input.shape.dims() == 0 || input.shape[-1] != channels)
    throw ConfigError(fmt::format("layer {}: its input has shape {}, wanted {} channels in the last dimension", layer,
                                  to_string(input.shape), channels));
}

Shape sample_of(const Shape& batch) { return Shape(std::span(batch.begin() + 1, batch.end())); }

void copy_unless_same(Pass& pass, const Tensor& y, const Tensor& x) {
  if (y.data != x.data) pass.copy(y, x);
}

int64_t rows_of(const TensorSpec& spec) { return spec.shape.elements() / spec.shape[-1]; }

}  // namespace convoy
