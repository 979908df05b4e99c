// Shape checks and builders that layers share.
#pragma once

#include <string_view>

#include "core/layers/layer.h"

namespace convoy {

// The shape with another innermost extent.
Shape with_channels(const Shape& shape, int64_t channels);

// Throws ConfigError, naming the layer, unless the innermost extent is `channels`.
void expect_channels(std::string_view layer, const TensorSpec& input, int64_t channels);

// Rows of the tensor seen as a matrix.
int64_t rows_of(const TensorSpec& spec);

}  // namespace convoy
