#include "core/layers/shapes.h"

#include <fmt/format.h>

#include "core/base/error.h"

namespace convoy {

Shape with_channels(const Shape& shape, int64_t channels) {
  switch (shape.dims()) {
    case 1:
      return {channels};
    case 2:
      return {shape[0], channels};
    case 3:
      return {shape[0], shape[1], channels};
    default:
      throw ConfigError(fmt::format("a layer wants 1 to 3 dimensions, found {}", to_string(shape)));
  }
}

void expect_channels(std::string_view layer, const TensorSpec& input, int64_t channels) {
  if (input.shape.dims() == 0 || input.shape[-1] != channels)
    throw ConfigError(fmt::format("layer {}: its input has shape {}, wanted {} channels in the last dimension", layer,
                                  to_string(input.shape), channels));
}

int64_t rows_of(const TensorSpec& spec) { return spec.shape.elements() / spec.shape[-1]; }

}  // namespace convoy
