// Shape checks and builders that layers share.
#pragma once

#include <string_view>

#include "core/layers/layer.h"

namespace convoy {

// The shape with another innermost extent.
Shape with_channels(const Shape& shape, int64_t channels);

// Throws ConfigError, naming the layer, unless the innermost extent is `channels`.
void expect_channels(std::string_view layer, const TensorSpec& input, int64_t channels);

// The shape of one sample of (B, ...).
Shape sample_of(const Shape& batch);

// y = x where they are not the same memory anyway, as a plan may have it.
void copy_unless_same(Pass& pass, const Tensor& y, const Tensor& x);

// Rows of the tensor seen as a matrix.
int64_t rows_of(const TensorSpec& spec);

}  // namespace convoy
